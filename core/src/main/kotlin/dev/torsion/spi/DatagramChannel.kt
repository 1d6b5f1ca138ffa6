// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

import dev.torsion.net.DatagramOptions
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.NetworkInterface
import java.net.SocketOption
import java.nio.ByteBuffer

/**
 * Where an engine's UDP sockets come from. It knows no protocol.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface DatagramSockets {
    /**
     * A bound UDP socket; see [dev.torsion.reactor.ReactorDatagrams.listenUdp] for the parameters.
     *
     * @throws dev.torsion.net.CannotListenException when the port is taken or not allowed, or there is no such interface
     */
    public fun openDatagrams(port: Int, networkInterface: String, options: DatagramOptions): DatagramChannel

    /**
     * Makes a socket of the JDK this loop's. One that is not bound is bound to any free port.
     *
     * @throws dev.torsion.net.CannotListenException when this engine, or this loop, cannot have it; then it is still the caller's
     */
    public fun adoptDatagrams(socket: java.nio.channels.DatagramChannel, options: DatagramOptions): DatagramChannel
}

/**
 * A UDP socket, below its port. It moves datagrams and knows no rules: queues, limits and protocols are the port's, which is its
 * [DatagramChannelHandler].
 *
 * **Whose a buffer is.** The view of [DatagramChannelHandler.received] is the channel's, and good during that call. A buffer given to [send] is the
 * caller's: the channel takes all of it during the call, or nothing.
 *
 * **Errors** of [send] and [connect] are those of one datagram or one address: the channel lives. [close] releases all it holds also when it
 * throws.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface DatagramChannel {
    /** The local address; also after the end. */
    public val localAddress: InetSocketAddress

    /** Where it is connected; null when it is not. */
    public val remoteAddress: InetSocketAddress?

    /** Begins: from now on [handler] hears of it, and it reads. Called once; until then it may send, be connected, and be closed. */
    public fun start(handler: DatagramChannelHandler)

    /**
     * Sends the remaining bytes of [data] to [target], as one datagram. False: it cannot be taken without waiting. Where that cannot be known,
     * as of an empty datagram on `java.nio`, it is true.
     *
     * @throws java.net.PortUnreachableException when an *earlier* datagram was refused; this one was not sent
     */
    public fun send(data: ByteBuffer, target: InetSocketAddress): Boolean

    /** Whether the handler is to hear [DatagramChannelHandler.outputReady], once in each turn in which [send] would take something. */
    public fun notifyWhenWritable(on: Boolean)

    /** Sends to [remote] only from now on, and hears from it only. */
    public fun connect(remote: InetSocketAddress)

    /** A socket option. Throws [UnsupportedOperationException] when there is no such option here. */
    public fun <T> option(name: SocketOption<T>): T

    /** Sets a socket option. */
    public fun <T> setOption(name: SocketOption<T>, value: T)

    /** Joins [group] on [on], for datagrams of [source] or of all; null for all. Joining again changes nothing. */
    public fun join(group: InetAddress, on: NetworkInterface, source: InetAddress?)

    /** Undoes [join]; false when there was none. */
    public fun leave(group: InetAddress, on: NetworkInterface, source: InetAddress?): Boolean

    /** Keeps out, or lets in again, what [source] sends to [group]; false when that was not joined for all sources. */
    public fun block(group: InetAddress, on: NetworkInterface, source: InetAddress, isBlocked: Boolean): Boolean

    /** Closes it. [whenClosed] runs once the operating system has freed the port, at the latest when the loop ends. */
    public fun close(whenClosed: Runnable)
}

/**
 * Hears the events of a [DatagramChannel]. It calls from the loop only, when nothing else is being called: never out of one of its own
 * methods, except for the runnable of `close` while the loop does not run. Each method contains what user code throws.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface DatagramChannelHandler {
    /** A datagram has come: [view] is read-only, and good during this call only. The handler may close the channel meanwhile. */
    public fun received(view: ByteBuffer, sender: InetSocketAddress)

    /** The beginning of a datagram that was longer than [DatagramOptions.maxPacketSize] has come. */
    public fun truncated(view: ByteBuffer, sender: InetSocketAddress)

    /** Nobody listens where the channel is connected. */
    public fun refused()

    /** [DatagramChannel.send] would take something; comes while it is asked for with [DatagramChannel.notifyWhenWritable]. */
    public fun outputReady()

    /** Receiving has failed, once. The channel goes on. */
    public fun receivingFailed(cause: Throwable)

    /** The channel is broken for good: the handler closes it. */
    public fun broken(cause: Throwable)

    /** The loop ends, and the channel with it: the handler closes it now. */
    public fun loopEnded()
}
