// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.StreamOptions
import dev.torsion.net.UnixPortOptions
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.FactoryAcceptor
import dev.torsion.stream.StreamConnector
import dev.torsion.stream.UnixStreamNetwork
import java.nio.file.Path
import java.time.Duration

/**
 * A reactor's streams over UNIX sockets; Twisted's `IReactorUNIX`.
 *
 * Java has no UNIX sockets for datagrams, no abstract names (a path is always a file), and passes no file descriptors.
 *
 * Thread: the reactor's.
 */
public interface ReactorUnix {
    /** The maker of UNIX sockets; null in a reactor that has none. On any thread. */
    @TorsionSpi
    public val unixNetwork: UnixStreamNetwork? get() = null

    /**
     * Listens on a UNIX socket; Twisted's `listenUNIX`. It makes the file [path], and removes it when the port stops, unless it is another
     * server's by then.
     *
     * @param path the file. Operating systems allow about 100 bytes
     * @throws UnsupportedOperationException when this reactor has no UNIX sockets
     * @throws dev.torsion.net.CannotListenException when there is a file already, another process has the lock, or it is not allowed
     * @throws ReactorNotRunningException when the reactor has closed its ports because it is ending, or has ended
     */
    public fun listenUnix(path: Path, factory: Factory, options: UnixPortOptions = UnixPortOptions.DEFAULT): ListeningPort {
        val network = network("listenUnix")
        return network.listenUnix(path, options, FactoryAcceptor(network, factory, options.stream))
    }

    /**
     * Connects to the UNIX socket at [path]; Twisted's `connectUNIX`. [factory] hears how it goes.
     *
     * @param timeout how long to wait for a server that is busy; a path that nobody listens on fails at once
     * @param checkPid whether to refuse a server whose process does not have the lock `PATH.lock`; Twisted's `checkPID`
     * @param options limits of the connection
     * @throws UnsupportedOperationException when this reactor has no UNIX sockets
     * @throws IllegalArgumentException when [timeout] is not positive
     * @throws ReactorNotRunningException when the reactor has closed its connections because it is ending, or has ended
     */
    public fun connectUnix(
        path: Path,
        factory: ClientFactory,
        timeout: Duration = Connector.DEFAULT_TIMEOUT,
        checkPid: Boolean = false,
        options: StreamOptions = StreamOptions.DEFAULT,
    ): Connector {
        require(!timeout.isNegative && !timeout.isZero) { "a timeout must be positive, but $timeout was given" }
        val network = network("connectUnix")
        return StreamConnector(network, network.unixConnector(path, timeout, checkPid), factory, options).also { it.connect() }
    }

    private fun network(operation: String): UnixStreamNetwork {
        val network = unixNetwork ?: throw UnsupportedOperationException("$this has no UNIX sockets")
        network.checkThread(operation)
        network.checkTakesNew()
        return network
    }
}
