// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.maybeDeferred
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.UnixAddress
import dev.torsion.net.UnixPortOptions
import dev.torsion.reactor.Reactor
import java.nio.file.Path
import java.time.Duration

/**
 * Listens on a UNIX socket, as [Reactor.listenUnix] does; Twisted's `UNIXServerEndpoint`.
 *
 * @property path the file of the socket
 * @property options who may connect, the lock, limits of the connections
 */
public class UNIXServerEndpoint
@JvmOverloads
constructor(
    private val reactor: Reactor,
    public val path: Path,
    public val options: UnixPortOptions = UnixPortOptions.DEFAULT,
) : ServerEndpoint {
    override fun listen(factory: Factory): Deferred<ListeningPort> =
        maybeDeferred { reactor.listenUnix(path, factory, options) }.closedBy(reactor)

    override fun toString(): String = unixString(path)
}

/**
 * Connects to a UNIX socket, as [Reactor.connectUnix] does; Twisted's `UNIXClientEndpoint`.
 *
 * @property path the file of the socket
 * @property timeout how long to wait for a server that is busy
 * @property checkPid whether to refuse a server whose process does not have the lock of the socket
 * @property options limits of the connection
 */
public class UNIXClientEndpoint
private constructor(
    private val reactor: Reactor,
    public val path: Path,
    public val timeout: Duration,
    public val checkPid: Boolean,
    public val options: StreamOptions,
) : ClientEndpoint {
    @JvmOverloads
    public constructor(reactor: Reactor, path: Path, timeout: Duration = Connector.DEFAULT_TIMEOUT, checkPid: Boolean = false) :
        this(reactor, path, timeout, checkPid, StreamOptions.DEFAULT)

    init {
        require(!timeout.isNegative && !timeout.isZero) { "a timeout must be positive, but $timeout was given" }
    }

    override fun connect(factory: Factory): Deferred<Protocol> =
        connecting(UnixAddress(path).toString()) { reactor.connectUnix(path, ConnectOnce(factory, it), timeout, checkPid, options) }
            .abortedBy(reactor)

    override fun toString(): String = unixString(path)

    /** The same with other limits. */
    public fun withOptions(options: StreamOptions): UNIXClientEndpoint = UNIXClientEndpoint(reactor, path, timeout, checkPid, options)
}

private fun unixString(path: Path) = "unix:${quoteStringArgument(path.toString())}"
