// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Endpoints")

package dev.torsion.endpoint

import dev.torsion.net.TcpOptions
import dev.torsion.reactor.Reactor
import dev.torsion.tls.TlsClientOptions

/**
 * A server endpoint from a string such as `tcp:8007` or `tcp:8007:interface=127.0.0.1:backlog=50`; Twisted's `serverFromString`.
 *
 * Kinds:
 * - `tcp:PORT[:interface=ADDRESS][:backlog=N]` over IPv4, and `tcp6:` with the same arguments over IPv6; port 0 is any free one.
 * - `ssl:PORT[:privateKey=FILE][:certKey=FILE][:extraCertChain=FILE][:password=TEXT][:sslmethod=NAME]` with the arguments of `tcp:`: a
 *   [TlsServerEndpoint]. The files have the form of PEM and are read now; `server.pem` unless given. `sslmethod` is `TLS_METHOD`,
 *   `TLSv1_3_METHOD` or `TLSv1_2_METHOD`; `dhParameters` is taken, and of no use.
 * - `unix:PATH[:mode=660][:backlog=N][:lockfile=0]`: a [UNIXServerEndpoint], with its lock.
 * - `stdio:`: one connection over standard input and output, a [StandardIOEndpoint].
 * - `fd:0` and `systemd:domain=INET:index=0`: the socket that is descriptor 0, an [InheritedServerEndpoint].
 * - `haproxy:` and another of these strings: each connection begins with a header of the PROXY protocol, see [ProxyProtocol.receiving].
 *
 * A `\` takes the meaning from the character behind it, as in `tcp6:8007:interface=\:\:1`; [quoteStringArgument] puts it there. An address
 * of IPv6 may stand in brackets instead: `tcp6:8007:interface=[::1]`. Other kinds are those of plug-ins, see [EndpointParser].
 *
 * @param options limits and socket options of the connections, which no string says
 * @throws EndpointSyntaxException when the string is not understood
 */
@JvmOverloads
public fun serverFromString(reactor: Reactor, description: String, options: TcpOptions = TcpOptions.DEFAULT): ServerEndpoint {
    val text = EndpointString(description, options)
    val parser = SERVERS.parserOf(text)
    return EndpointString.parsing(text) { parser.parse(reactor, text) }
}

/**
 * A client endpoint from a string such as `tcp:example.com:80` or `tcp:host=example.com:port=80:timeout=5`; Twisted's
 * `clientFromString`. Host and port may each have their name or not, as in `tcp:host=example.com:80`.
 *
 * Kinds:
 * - `tcp:HOST:PORT[:timeout=SECONDS][:bindAddress=ADDRESS]`, or `host:` in place of `tcp:`: a [HostnameEndpoint], over IPv6 or IPv4 (in Twisted,
 *   over IPv4 only). The `bindAddress` may have a port, as in `bindAddress=192.0.2.1\:4000`.
 * - `tls:HOST:PORT[:trustRoots=PATH][:certificate=FILE][:privateKey=FILE][:password=TEXT][:hostname=NAME][:endpoint=STRING]` with the
 *   options of `tcp:`: a [TlsClientEndpoint], or TLS over the `endpoint`. `ssl:` is the same with Twisted's older names, `caCertsDir` and
 *   `certKey`; unlike Twisted's, it checks the name of the server.
 * - `unix:PATH[:timeout=SECONDS][:lockfile=1]`: a [UNIXClientEndpoint].
 * - `haproxy:` and another of these strings: begins with a header of the PROXY protocol, see [ProxyProtocol.sending].
 *
 * A `\` takes the meaning from the character behind it, as in
 * `tcp:\:\:1:80`; [quoteStringArgument] puts it there. An address of IPv6 may stand in brackets instead: `tcp:[::1]:80`. Other kinds are those
 * of plug-ins, see [EndpointParser].
 *
 * @param options limits and socket options of the connection, which no string says
 * @throws EndpointSyntaxException when the string is not understood
 */
@JvmOverloads
public fun clientFromString(reactor: Reactor, description: String, options: TcpOptions = TcpOptions.DEFAULT): ClientEndpoint {
    val text = EndpointString(description, options)
    val parser = CLIENTS.parserOf(text)
    return EndpointString.parsing(text) { parser.parse(reactor, text) }
}

/**
 * [endpoint] with TLS on its connections, which [host] has to show its certificate for; Twisted's `wrapClientTLS`. [ClientEndpoint.connect] fails
 * with a [dev.torsion.tls.TlsConnectException] when the handshake does.
 */
public fun wrapClientTls(tls: TlsClientOptions, endpoint: ClientEndpoint, host: String): ClientEndpoint =
    TlsOverEndpoint(endpoint, tls, host)

/**
 * [argument] as it stands in an endpoint string, where it must not end at its first colon; Twisted's `quoteStringArgument`.
 *
 * ```kotlin
 * clientFromString(reactor, "tcp:${quoteStringArgument("::1")}:80")
 * ```
 */
public fun quoteStringArgument(argument: String): String = argument.replace(MEANINGFUL) { "\\${it.value}" }

private val MEANINGFUL = Regex("""[\\:=]""")

private val SERVERS =
    ParserLookup(
        ServerEndpointParser::class.java,
        listOf(
            TcpServerParser(isIpv6 = false),
            TcpServerParser(isIpv6 = true),
            UnixServerParser,
            StdioServerParser,
            SystemdServerParser,
            FdServerParser,
            ProxyServerParser,
            TlsServerParser,
        ),
        "a server can listen on",
        "not on",
    )

private val CLIENTS =
    ParserLookup(
        ClientEndpointParser::class.java,
        listOf(
            TcpClientParser("tcp"),
            TcpClientParser("host"),
            UnixClientParser,
            ProxyClientParser,
            TlsClientParser("tls", trust = "trustRoots", certificate = "certificate"),
            TlsClientParser("ssl", trust = "caCertsDir", certificate = "certKey"),
        ),
        "a client can connect to",
        "not to",
    )
