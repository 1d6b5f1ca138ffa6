// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.net.Connector
import dev.torsion.net.UnixPortOptions
import dev.torsion.reactor.Reactor
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermission

/** `unix:PATH[:mode=660][:backlog=N][:lockfile=0]`. As in Twisted, a string takes the lock unless it says otherwise. */
internal object UnixServerParser : ServerEndpointParser {
    override fun prefix() = "unix"

    override fun parse(reactor: Reactor, text: EndpointString): ServerEndpoint {
        val path = text.socketPath("address")
        val default = UnixPortOptions.DEFAULT.withWantPid(text.option("lockfile")?.flag() ?: true)
        val mode = text.option("mode")?.mode() ?: default.mode
        val backlog = text.option("backlog")?.number(1, Int.MAX_VALUE) ?: default.backlog
        return UNIXServerEndpoint(reactor, path, default.withMode(mode).withBacklog(backlog).withStream(text.transport.stream))
    }

    private fun EndpointArgument.mode(): Set<PosixFilePermission> {
        val bits = value.takeIf { it.length in 3..4 }?.toIntOrNull(radix = 8)
        return UnixPortOptions.permissions(bits?.takeIf { it in 0..ALL } ?: throw error("$MODE, but is \"$value\""))
    }

    private const val ALL = 0x1ff
    private const val MODE = "mode must be three octal digits, such as 660"
}

/** `unix:PATH[:timeout=SECONDS][:lockfile=1]`. */
internal object UnixClientParser : ClientEndpointParser {
    override fun prefix() = "unix"

    override fun parse(reactor: Reactor, text: EndpointString): ClientEndpoint {
        val path = text.socketPath("path")
        val timeout = text.option("timeout")?.seconds() ?: Connector.DEFAULT_TIMEOUT
        return UNIXClientEndpoint(reactor, path, timeout, text.option("lockfile")?.flag() ?: false)
            .withOptions(text.transport.stream)
    }
}

/** The one argument without a name, which is called [name]. */
private fun EndpointString.socketPath(name: String): Path {
    order(name)
    val given = needed(name)
    if (given.value.isEmpty()) throw given.error("the $name is empty")
    if (given.value.startsWith('\u0000')) throw given.error("Java has no abstract names of UNIX sockets: it must be a file")
    return given.checked { Path.of(given.value) }
}
