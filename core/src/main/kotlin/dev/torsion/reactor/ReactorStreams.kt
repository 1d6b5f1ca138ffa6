// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectOptions
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.StreamNetwork
import dev.torsion.stream.connectTcp
import dev.torsion.stream.listenTcp

/**
 * A reactor's streams; Twisted's `IReactorTCP`.
 *
 * Thread: the reactor's.
 */
public interface ReactorStreams {
    /** The network that makes the streams; null in a reactor without one. On any thread. */
    @TorsionSpi
    public val streamNetwork: StreamNetwork? get() = null

    /**
     * Opens a TCP port; Twisted's `listenTCP`. Connections are accepted once the reactor runs.
     *
     * @param port 0 for any free one; [ListeningPort.host] tells which
     * @param networkInterface the local address to listen on, `0.0.0.0` for all of IPv4; empty for all of them
     * @param backlog how many connections may wait to be accepted; the operating system may allow fewer
     * @throws UnsupportedOperationException when this reactor has no network
     * @throws dev.torsion.net.CannotListenException when the port is taken or not allowed
     * @throws ReactorNotRunningException when the reactor has closed its ports because it is ending, or has ended
     */
    public fun listenTcp(
        port: Int,
        factory: Factory,
        networkInterface: String = "",
        backlog: Int = ListeningPort.DEFAULT_BACKLOG,
        options: TcpOptions = TcpOptions.DEFAULT,
    ): ListeningPort = network("listenTcp").listenTcp(port, factory, networkInterface, backlog, options)

    /**
     * Connects to [host]:[port]; Twisted's `connectTCP`. [factory] hears how it goes.
     *
     * The host name is looked up as by [resolve], and its addresses are tried by the rules of RFC 8305 (Happy Eyeballs). Both families take
     * turns. Each address has a head start of [ConnectOptions.attemptDelay] before the next one is tried as well. After a failure the next
     * one is tried at once. The first that connects gets the only protocol, and all others are given up. When all have failed, the
     * exception is a refusal if there was one, otherwise the first failure. It has the others as suppressed ones. (Twisted tries one IPv4
     * address.)
     *
     * @param connecting the time for the attempt, the local address, the family
     * @param options limits and socket options of the connection
     * @throws UnsupportedOperationException when this reactor has no network
     * @throws IllegalArgumentException when [host] is blank, [port] is not 1 to 65535, or [ConnectOptions.bindAddress] is not numeric
     * @throws ReactorNotRunningException when the reactor has closed its connections because it is ending, or has ended
     */
    public fun connectTcp(
        host: String,
        port: Int,
        factory: ClientFactory,
        connecting: ConnectOptions = ConnectOptions.DEFAULT,
        options: TcpOptions = TcpOptions.DEFAULT,
    ): Connector = network("connectTcp").connectTcp(host, port, factory, connecting, options)

    private fun network(operation: String): StreamNetwork {
        val network = streamNetwork ?: throw UnsupportedOperationException("$this has no network")
        network.checkThread(operation)
        network.checkTakesNew()
        return network
    }
}
