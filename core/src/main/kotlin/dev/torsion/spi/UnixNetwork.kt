// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

import dev.torsion.net.ListeningPort
import dev.torsion.net.PeerCredentials
import dev.torsion.net.UnixAddress
import dev.torsion.net.UnixPortOptions
import java.nio.file.Path
import java.time.Duration

/**
 * The streams of an engine with UNIX sockets, besides those of its [Network]; to be found as a [capability][Engine.capability]. Its channels are
 * [UnixChannel]s, which [Network.adopt] takes too.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface UnixNetwork {
    /**
     * Listens on the file [path]; see [dev.torsion.reactor.ReactorUnix.listenUnix].
     *
     * @throws dev.torsion.net.CannotListenException when the path is taken or not allowed
     */
    public fun listenUnix(path: Path, options: UnixPortOptions, acceptor: Acceptor): ListeningPort

    /** The destination of a connection; see [dev.torsion.reactor.ReactorUnix.connectUnix]. Nothing is opened yet. */
    public fun unixConnector(path: Path, timeout: Duration, checkPid: Boolean): ConnectTarget
}

/** A [StreamChannel] over a UNIX socket. Thread: the loop's. */
@TorsionSpi
public interface UnixChannel : StreamChannel {
    override val localAddress: UnixAddress

    override val remoteAddress: UnixAddress

    /** See [dev.torsion.net.UnixTransport.peerCredentials]. */
    public val peerCredentials: PeerCredentials?
}
