// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.defer.Deferred
import kotlinx.coroutines.CoroutineScope
import java.nio.ByteBuffer

/**
 * One end of a byte stream: what a [Protocol] writes to; Twisted's `ITransport` and `IConsumer`, and `IPushProducer` of what
 * arrives.
 *
 * Thread: everything but [toString] belongs to the reactor's thread, and another thread gets a [WrongThreadException] instead of a
 * race; go through `reactor.callFromThread`. No method blocks.
 *
 * Writing: what is written in one turn of the reactor is gathered and sent together at its end. What the peer does not take
 * waits in a queue, whose length is [bufferedBytes]; above [TcpOptions.highWaterMark] a registered producer is paused and
 * [whenWritable] waits, and above [TcpOptions.writeLimit] the connection is aborted with a [WriteLimitExceededException].
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
    public fun write(
        data: ByteArray,
        offset: Int,
        length: Int,
    )

    /** Sends all of [data]. The array is copied before the call returns. */
    public fun write(data: ByteArray): Unit = write(data, 0, data.size)

    /** Sends what remains in [data], which is read to its end before the call returns; the buffer is the caller's again. */
    public fun write(data: ByteBuffer)

    /** Sends the pieces in order. */
    public fun writeSequence(data: Iterable<ByteArray>): Unit = data.forEach { write(it) }

    /**
     * Sends what was written, waits for a registered producer to end, then closes. Calling it again does nothing.
     *
     * When the peer closes, the connection does not wait for the producer, but stops it: it sends what was written and ends.
     */
    public fun loseConnection()

    /**
     * [loseConnection] because of an error, such as a [ProtocolViolationException] behind good requests whose answers should still be sent.
     * It sends what was written, then ends the connection with a [ConnectionAborted] whose cause is [cause]. A connection on which nothing
     * was written is aborted at once.
     *
     * By default, for transports that cannot do so, it aborts. It does nothing on a connection that is closing or gone.
     */
    public fun loseConnection(cause: Throwable): Unit = abortConnection(cause)

    /**
     * Closes at once: what waits to be sent is dropped and the peer sees a reset. [Protocol.connectionLost] follows in a later turn,
     * never inside this call.
     */
    public fun abortConnection(): Unit = abortConnection(null)

    /** The same for a reason that [ConnectionAborted] will carry as its cause, such as a [ProtocolViolationException]. */
    public fun abortConnection(cause: Throwable?)

    /** True once [loseConnection] or [abortConnection] was called or the connection is gone; Twisted's `disconnecting`. */
    public val isDisconnecting: Boolean

    /** Bytes that were written and that the operating system has not taken yet. */
    public val bufferedBytes: Long

    /** False while more waits to be sent than [TcpOptions.highWaterMark], until it has fallen to [TcpOptions.lowWaterMark]. */
    public val isWritable: Boolean

    /**
     * Fires when [isWritable]: at once, or when the queue has drained to the low-water mark; fails with the [CloseReason] when the
     * connection ends first. Cancelling it only stops the waiting.
     */
    public fun whenWritable(): Deferred<Unit>

    /**
     * Lets [producer] feed this transport. A [streaming] producer is paused while the queue is long; one that is not streaming is
     * asked for one piece each time the queue is empty. Registered on a connection that is gone, it is stopped at once.
     *
     * A transport may be its own streaming producer, as in an echo: then a peer that does not read is not read from either. Two transports
     * may be each other's, as in a port forwarder. [loseConnection] waits until the producer is unregistered; when the producer is another
     * transport, until that one is closing too.
     *
     * @throws IllegalStateException when another producer is registered
     */
    public fun registerProducer(
        producer: Producer,
        streaming: Boolean,
    )

    /** Forgets the producer; a waiting [loseConnection] goes on. */
    public fun unregisterProducer()

    /** Reads no more until [resumeProducing]: the peer is slowed down by TCP itself. */
    override fun pauseProducing()

    /** Reads again. Does nothing while the connection is closing. */
    override fun resumeProducing()

    /** The same as [loseConnection]. */
    override fun stopProducing(): Unit = loseConnection()

    /**
     * Coroutines of this connection: they run on the reactor's thread, and all of them are cancelled when the connection is gone, after
     * [Protocol.connectionLost]. One that fails aborts the connection, which [ConnectionAborted.cause] then explains;
     * unless it failed with the end of a connection, a [CloseReason], it is reported too.
     */
    public val scope: CoroutineScope
}

/** A [Transport] whose halves can end one by one; what Twisted has in `ITCPTransport`. */
public interface HalfCloseableTransport : Transport {
    /**
     * Half-closes: sends what was written, then tells the peer that no more will come, and goes on reading. A
     * [HalfCloseableProtocol] hears `writeConnectionLost` when it has happened. Writes after this call are ignored.
     */
    public fun loseWriteConnection()
}

/** A [Transport] over TCP; Twisted's `ITCPTransport`. */
public interface TcpTransport : HalfCloseableTransport {
    override fun host(): InternetAddress

    override fun peer(): InternetAddress

    /** Nagle's algorithm is off when true, the default here: writes are already gathered per turn. */
    public var tcpNoDelay: Boolean

    /** Whether the operating system probes an idle peer. Off by default. */
    public var tcpKeepAlive: Boolean
}
