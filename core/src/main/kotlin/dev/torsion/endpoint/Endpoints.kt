// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Endpoints")

package dev.torsion.endpoint

import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import java.time.Duration

/**
 * A server endpoint from a string such as `tcp:8007` or `tcp:8007:interface=127.0.0.1:backlog=50`; Twisted's `serverFromString`.
 *
 * Kinds: `tcp:PORT[:interface=ADDRESS][:backlog=N]` over IPv4, and `tcp6:` with the same arguments over IPv6; port 0 is any free one. A `\`
 * takes the meaning from the character behind it, as in `tcp6:8007:interface=\:\:1`; [quoteStringArgument] puts it there.
 *
 * @throws EndpointSyntaxException when the string is not understood
 */
public fun serverFromString(
    reactor: Reactor,
    description: String,
): ServerEndpoint {
    val parts = EndpointString.parse(description)
    if (parts.kind != "tcp" && parts.kind != "tcp6") parts.fail("a server can listen on \"tcp\" and \"tcp6\", but not on \"${parts.kind}\"")
    val port = parts.port(parts.needed("port", parts.positional("port").single()), smallest = 0)
    val networkInterface = parts.option("interface") ?: ""
    val backlog = parts.option("backlog")?.let { parts.number("backlog", it, 1, Int.MAX_VALUE) } ?: ListeningPort.DEFAULT_BACKLOG
    parts.checkAllUsed()
    if (parts.kind == "tcp") return TCP4ServerEndpoint(reactor, port, backlog, networkInterface)
    return parts.checked { TCP6ServerEndpoint(reactor, port, backlog, networkInterface) }
}

/**
 * A client endpoint from a string such as `tcp:example.com:80` or `tcp:host=example.com:port=80:timeout=5`; Twisted's
 * `clientFromString`. Host and port may each have their name or not, as in `tcp:host=example.com:80`.
 *
 * Kinds: `tcp:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS]`, which is a [HostnameEndpoint], over IPv6 or IPv4 (in Twisted, over IPv4
 * only). The `bindAddress` may have a port, as in `bindAddress=192.0.2.1\:4000`. A `\` takes the meaning from the character behind it, as in
 * `tcp:\:\:1:80`; [quoteStringArgument] puts it there.
 *
 * @throws EndpointSyntaxException when the string is not understood
 */
public fun clientFromString(
    reactor: Reactor,
    description: String,
): ClientEndpoint {
    val parts = EndpointString.parse(description)
    if (parts.kind != "tcp") parts.fail("a client can connect to \"tcp\", but not to \"${parts.kind}\"")
    val (givenHost, givenPort) = parts.positional("host", "port")
    val host = parts.needed("host", givenHost)
    if (host.isBlank()) parts.fail("the host is empty")
    val port = parts.port(parts.needed("port", givenPort), smallest = 1)
    val timeout = parts.option("timeout")?.let { parts.number("timeout", it, 1, Int.MAX_VALUE) } ?: DEFAULT_TIMEOUT_SECONDS
    val bindAddress = parts.option("bindAddress")
    parts.checkAllUsed()
    return HostnameEndpoint(reactor, host, port, Duration.ofSeconds(timeout.toLong()), bindAddress)
}

/**
 * [argument] as it stands in an endpoint string, where it must not end at its first colon; Twisted's `quoteStringArgument`.
 *
 * ```kotlin
 * clientFromString(reactor, "tcp:${quoteStringArgument("::1")}:80")
 * ```
 */
public fun quoteStringArgument(argument: String): String = argument.replace(MEANINGFUL) { "\\${it.value}" }

private val MEANINGFUL = Regex("""[\\:=]""")

private const val DEFAULT_TIMEOUT_SECONDS = 30
