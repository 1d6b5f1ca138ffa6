// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

import dev.torsion.net.CannotConnectException
import dev.torsion.net.ConnectOptions
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions

/**
 * Where an engine's channels come from. It builds no protocol: ports give what they accept to an [Acceptor], attempts what they have
 * connected to a [ConnectHandler]. The factories come in above it.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface Network {
    /**
     * Opens a TCP port; see [dev.torsion.reactor.ReactorStreams.listenTcp] for the parameters.
     *
     * @throws dev.torsion.net.CannotListenException when the port is taken or not allowed, or there is no such interface
     */
    public fun listen(port: Int, networkInterface: String, backlog: Int, options: TcpOptions, acceptor: Acceptor): ListeningPort

    /**
     * The destination of a connection over TCP; see [dev.torsion.reactor.ReactorStreams.connectTcp] for the parameters. Nothing is opened yet.
     *
     * @throws IllegalArgumentException when it can be no place to connect to
     */
    public fun connector(host: String, port: Int, connecting: ConnectOptions, options: TcpOptions): ConnectTarget

    /**
     * Makes [channel] this loop's: a loop of the same kind has accepted it, and nobody has started it. Use what this gives in its place.
     *
     * @throws IllegalArgumentException when [channel] is of another kind of engine
     */
    public fun adopt(channel: StreamChannel): StreamChannel
}

/** A place to connect to, as often as one likes. [toString] names it. Thread: the loop's. */
@TorsionSpi
public interface ConnectTarget {
    /** Begins one attempt. [handler] hears how it ends, never inside this call. */
    public fun connect(handler: ConnectHandler): ConnectAttempt
}

/** Hears how a [ConnectAttempt] ends, by one call. Thread: the loop's. */
@TorsionSpi
public interface ConnectHandler {
    /** It is connected. [channel] has not been started, and is the handler's. */
    public fun connected(channel: StreamChannel)

    /** It has failed, or was given up. */
    public fun failed(reason: CannotConnectException)
}

/** One attempt to connect. Thread: the loop's. */
@TorsionSpi
public fun interface ConnectAttempt {
    /** Gives it up: the handler hears of it, inside this call. Does nothing when it is over. */
    public fun cancel()
}
