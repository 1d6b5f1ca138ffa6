// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.defer.Deferred
import kotlinx.coroutines.CoroutineScope
import java.nio.ByteBuffer

/**
 * One end of a byte stream, for a [Protocol] to write to; Twisted's `ITransport` and `IConsumer`, and `IPushProducer` of the bytes that
 * arrive.
 *
 * Thread: everything except [toString] belongs to the reactor's thread. Another thread gets a [WrongThreadException] instead of a race: go
 * through `reactor.callFromThread`. No method blocks.
 *
 * Writing: the bytes of one turn of the reactor are gathered and sent together at its end. Bytes that the peer does not take wait in a
 * queue of [bufferedBytes]. Above [StreamOptions.highWaterMark] a registered producer is paused and [whenWritable] waits. Above
 * [StreamOptions.writeLimit] the connection is aborted with a [WriteLimitExceededException].
 *
 * Bytes that are written after [loseConnection] are sent as long as the connection is closing, as in Twisted: in the same callback always,
 * and later as long as older bytes wait. Once the connection is gone, or the peer has closed it, further writes are ignored.
 */
public interface Transport : Producer {
    /** The address of this end; Twisted's `getHost`. */
    public fun host(): Address

    /** The address of the other end; Twisted's `getPeer`. */
    public fun peer(): Address

    /** Sends [length] bytes of [data] from [offset] on. The array is copied before the call returns. */
    public fun write(data: ByteArray, offset: Int, length: Int)

    /** Sends all of [data]. The array is copied before the call returns. */
    public fun write(data: ByteArray): Unit = write(data, 0, data.size)

    /** Sends the remaining bytes of [data]. The buffer is read to its end before the call returns, and is the caller's again. */
    public fun write(data: ByteBuffer)

    /** Sends the pieces in order. */
    public fun writeSequence(data: Iterable<ByteArray>): Unit = data.forEach { write(it) }

    /**
     * Sends all written bytes, waits for a registered producer to end, then closes. Calling it again does nothing.
     *
     * When the peer closes, the connection does not wait for the producer, but stops it. It sends all written bytes and ends.
     */
    public fun loseConnection()

    /**
     * [loseConnection] for an error, such as a [ProtocolViolationException] after good requests, which still need their answers. It sends
     * all written bytes, then ends the connection with a [ConnectionAborted] for this [cause]. If nothing was written, the connection is
     * aborted at once.
     *
     * The default aborts, for transports that cannot do so. It does nothing on a connection that is closing or gone.
     */
    public fun loseConnection(cause: Throwable): Unit = abortConnection(cause)

    /**
     * Closes at once. Unsent bytes are dropped, and the peer sees a reset. [Protocol.connectionLost] follows when the running callbacks
     * have returned, never inside this call.
     */
    public fun abortConnection(): Unit = abortConnection(null)

    /** The same for a reason that [ConnectionAborted] will carry as its cause, such as a [ProtocolViolationException]. */
    public fun abortConnection(cause: Throwable?)

    /** True once [loseConnection] or [abortConnection] was called or the connection is gone; Twisted's `disconnecting`. */
    public val isDisconnecting: Boolean

    /**
     * True while the connection closes though nobody has asked it to: its port or its reactor drains. Bytes that are written while older
     * ones wait are still sent, so that code in the middle of an answer may go on with it. A feed without an end stops: it would use up the
     * time of the drain.
     */
    public val isDraining: Boolean get() = false

    /** Written bytes that the operating system has not taken yet. */
    public val bufferedBytes: Long

    /**
     * False from when more bytes wait than [StreamOptions.highWaterMark] until there are no more than [StreamOptions.lowWaterMark]. False too
     * from when nothing can be sent any more, for good.
     */
    public val isWritable: Boolean

    /**
     * Fires when [isWritable]: at once, or when the queue has drained to the low-water mark. It fails with the [CloseReason] when the
     * connection ends first, so one that waits where nothing can be sent any more waits for that. Cancelling it only stops the waiting.
     */
    public fun whenWritable(): Deferred<Unit>

    /**
     * Lets [producer] feed this transport. A [streaming] producer is paused while the queue is long. Any other producer is asked for one
     * piece each time the queue is empty. On a connection that is gone, the producer is stopped at once.
     *
     * A transport may be its own streaming producer, as in an echo: while the peer does not read, its bytes are not read either. Two
     * transports may be each other's producers, as in a port forwarder. [loseConnection] waits until the producer is unregistered. If the
     * producer is another transport, it waits only until that one is closing too.
     *
     * @throws IllegalStateException when another producer is registered
     */
    public fun registerProducer(producer: Producer, streaming: Boolean)

    /** Forgets the producer; a waiting [loseConnection] goes on. */
    public fun unregisterProducer()

    /** Reads no more until [resumeProducing]. The network slows the peer down. */
    override fun pauseProducing()

    /** Reads again. Does nothing while the connection is closing. */
    override fun resumeProducing()

    /** The same as [loseConnection]. */
    override fun stopProducing(): Unit = loseConnection()

    /**
     * Coroutines of this connection. They run on the reactor's thread, and all of them are cancelled when the connection is gone, after
     * [Protocol.connectionLost]. A coroutine that fails aborts the connection, and its exception is the [ConnectionAborted.cause]. It is
     * reported too, unless it is the end of a connection, a [CloseReason].
     */
    public val scope: CoroutineScope
}

/** A [Transport] with halves that can end one by one; in Twisted a part of `ITCPTransport`. */
public interface HalfCloseableTransport : Transport {
    /**
     * Half-closes: sends all written bytes, then tells the peer that no more will come, and goes on reading. A
     * [HalfCloseableProtocol] hears `writeConnectionLost` afterwards. Writes after this call are ignored. It waits for a registered
     * [Producer] that is no transport, and bytes that are written until then are sent.
     */
    public fun loseWriteConnection()
}

/** A [Transport] over TCP; Twisted's `ITCPTransport`. */
public interface TcpTransport : HalfCloseableTransport {
    override fun host(): InternetAddress

    override fun peer(): InternetAddress

    /** True, the default here, switches Nagle's algorithm off: writes are already gathered for each turn. */
    public var tcpNoDelay: Boolean

    /** Whether the operating system probes an idle peer. Off by default. */
    public var tcpKeepAlive: Boolean
}
