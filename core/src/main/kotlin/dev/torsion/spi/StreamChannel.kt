// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

import dev.torsion.net.Address
import java.nio.ByteBuffer

/**
 * One end of a byte stream, below the transport: a socket, a pipe, a connection of another library, memory. It moves bytes and knows no
 * rules: queues, limits, time-outs and protocols are the transport's, which is its [StreamHandler].
 *
 * It may stand on readiness (a selector, epoll) as well as on completion (io_uring): nothing that is lent escapes a call, what it takes
 * it may send later, and that it has finished it may say later.
 *
 * **Whose a buffer is.** The view of [StreamHandler.received] is the channel's, and good during that call. A buffer given to [send] is the
 * caller's: the channel reads from it during the call and copies what it sends later.
 *
 * **Order.** [endOutput] and [finish] come behind all that [send] has taken. One of [finish], [close], [abort] and [cut] ends the channel; the
 * last three may still follow on a [finish] that is not done. After that the handler hears nothing more, and other calls do nothing.
 *
 * **Errors.** [endOutput] and [send] may throw, or the handler hears [StreamHandler.broken] later; after either it is told no more but to
 * close. [finish], [close], [abort] and [cut] release all they hold also when they throw.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface StreamChannel {
    /** The address of this end; also after the end. */
    public val localAddress: Address

    /** The address of the other end; also after the end. */
    public val remoteAddress: Address

    /** Begins: from now on [handler] hears of it, and it reads. Called once; until then the channel may be closed only. */
    public fun start(handler: StreamHandler)

    /**
     * Tells [handler] from now on, in place of the one that [start] was given: a layer, such as TLS, comes in between. Possible in each
     * callback of the handler, between two callbacks, and more than once.
     */
    public fun handOver(handler: StreamHandler)

    /** Whether to read. While it is off, no byte is delivered, nor the end of the peer's stream; a broken channel may be. */
    public fun reading(on: Boolean)

    /** Takes as much of [data] as it can without waiting, which may be nothing; how many bytes that was. */
    public fun send(data: ByteBuffer): Int

    /** The same for several buffers, one behind the other. */
    public fun send(data: Array<ByteBuffer>): Long {
        var sum = 0L
        for (buffer in data) {
            sum += send(buffer)
            if (buffer.hasRemaining()) break
        }
        return sum
    }

    /** Whether the handler is to hear [StreamHandler.outputReady], once in each turn in which [send] would take something. */
    public fun notifyWhenWritable(on: Boolean)

    /** Ends our half: the peer reads the end of the stream behind the last byte. Reading goes on. */
    public fun endOutput()

    /**
     * Ends the channel in order: the peer gets all that was taken, then the end. The steps, such as to wait for a peer that is still
     * sending (a lingering close), are the channel's own affair.
     *
     * @return true when the handler need not wait. False when it has to: [StreamHandler.finished] follows
     */
    public fun finish(): Boolean

    /** Ends the channel now, and waits for nothing: the peer sees an end or a loss, as it may be. */
    public fun close()

    /** The same, and what was taken is dropped: the peer sees a loss (TCP: a reset), where the channel can show it one. */
    public fun abort()

    /** [abort] because time is up: nobody has asked for it, but not all can be sent any more. A process is told to end, and not killed. */
    public fun cut(): Unit = abort()

    /**
     * Whether bytes that are taken from now on are owed to the peer; they are at first. Others are a protocol's own, as a ticket or the close alert of
     * TLS: to find nobody there any more is no failure of the channel then. Owed bytes behind them fail. All that was taken before stays owed. A
     * channel whose [send] knows at once may ignore this.
     */
    public fun owed(isOwed: Boolean) {}

    /** Whether it is a limit of this side that [send] takes nothing at the moment: then the peer is not to blame. */
    public val isHeldBack: Boolean get() = false
}

/** A [StreamChannel] of TCP, with the options of a socket. Thread: the loop's. */
@TorsionSpi
public interface TcpChannel : StreamChannel {
    /** See [dev.torsion.net.TcpTransport.tcpNoDelay]. */
    public var tcpNoDelay: Boolean

    /** See [dev.torsion.net.TcpTransport.tcpKeepAlive]. */
    public var tcpKeepAlive: Boolean
}

/**
 * Hears a [StreamChannel]. The channel calls from the loop only, when nothing else is being called: never out of one of its own methods.
 *
 * Each method contains what user code throws, so a channel need not.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface StreamHandler {
    /** Asked before each read: the most bytes that [received] may bring. 0: do not read now. A channel that has the bytes already may bring more. */
    public fun receiveLimit(): Int

    /** Whether the peer is to send now, and is late if it does not: see [dev.torsion.net.Protocol.expectsBytes]. */
    public fun expectsBytes(): Boolean = true

    /** Bytes have come: [view] is read-only, and good during this call only. The handler may switch reading off meanwhile. */
    public fun received(view: ByteBuffer)

    /** The peer's stream has ended, and reading is off for good. Comes behind the last bytes, and once. */
    public fun inputEnded()

    /** [StreamChannel.send] would take something; comes while it is asked for with [StreamChannel.notifyWhenWritable]. */
    public fun outputReady()

    /** The channel is broken: the peer or the network has ended it. The handler closes it. A [cause] that is no `IOException` is reported. */
    public fun broken(cause: Throwable)

    /** Bytes move on while [StreamChannel.finish] waits: the peer still reads, and the time that it has begins anew. */
    public fun outputMoved() {}

    /** The wait of [StreamChannel.finish] is over, with [cause] when it has failed. Nothing follows. */
    public fun finished(cause: Throwable?)

    /** The loop is about to end: the handler sends what was written, then ends the channel. [loopEnded] follows when that takes too long. */
    public fun loopEnding(): Unit = loopEnded()

    /** The loop ends, and the channel with it: the handler closes it now, or aborts it when not everything was sent. */
    public fun loopEnded()

    /**
     * Whether the peer would miss something if this were the end. Asked by another thread when the process ends and the loop does not answer:
     * a look at the present state, without an effect.
     */
    public val owesPeer: Boolean get() = false
}
