// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import java.nio.ByteBuffer

/**
 * A protocol that gets frames instead of bytes: the base of Twisted's receivers ([LineReceiver], [Int32StringReceiver] and so on), and of
 * your own for any other [Framing].
 *
 * No frame is delivered after `loseConnection` or `abortConnection`, nor between [pauseProducing] and [resumeProducing].
 *
 * Thread: the reactor's.
 *
 * @property framing tells the frames apart
 */
public abstract class FrameReceiver(public val framing: Framing) :
    Protocol(),
    Producer {
    @get:JvmSynthetic
    internal val decoder = framing.newDecoder()

    @get:JvmSynthetic internal val reader = FrameReader(decoder, Deliveries(), framing.frameLimit)
    private val readAhead = ReadAhead(framing.frameLimit)
    private var sink: TransportSink? = null

    /** True between [pauseProducing] and [resumeProducing]. */
    public var isPaused: Boolean = false
        private set

    /** One frame: a read-only view, **valid only during this call**. */
    protected abstract fun frameReceived(frame: ByteBuffer)

    /**
     * The peer broke the rules. It sent bytes that are no frame, or a frame that is too long, or it ended the connection inside a frame
     * ([TruncatedFrameException], right before [connectionLost]). By default all that was written is sent, such as the answers to earlier
     * frames. Then the connection ends: [connectionLost] hears of a [dev.torsion.net.ConnectionAborted] with this [violation] as its cause.
     * (Twisted closes such a connection too, but gives no reason.)
     *
     * The bytes behind it are lost. No more frames are delivered.
     */
    protected open fun protocolViolated(violation: ProtocolViolationException): Unit = transport.loseConnection(violation)

    /** [protocolViolated] for a frame that is over the limit; Twisted's `lengthLimitExceeded`. */
    protected open fun lengthLimitExceeded(violation: FrameTooLongException): Unit = protocolViolated(violation)

    @JvmSynthetic
    internal open fun refused(violation: ProtocolViolationException, rest: ByteBuffer): Unit =
        if (violation is FrameTooLongException) lengthLimitExceeded(violation) else protocolViolated(violation)

    /** Sends [payload] as one frame. @throws EncodeException when the framing cannot carry it; then nothing is sent */
    protected fun sendFrame(payload: ByteArray): Unit = framing.encode(payload, sink())

    /** Sends the remaining bytes of [payload], such as a frame that has come, as one frame. @throws EncodeException as the other one */
    protected fun sendFrame(payload: ByteBuffer): Unit = framing.encode(payload, sink())

    @JvmSynthetic
    internal fun sink() = sink ?: TransportSink(transport).also { sink = it }

    /** Delivers no more frames until [resumeProducing], and has the transport read no more. */
    override fun pauseProducing() {
        isPaused = true
        transport.pauseProducing()
    }

    /**
     * Delivers frames again. Frames that have come already are delivered at once, unless a delivery is going on. An exception of a delivery
     * is thrown here, and aborts the connection as everywhere.
     */
    override fun resumeProducing() {
        isPaused = false
        delivering { resume() }
        readAhead.settle(reader.keptBytes)
        if (!isPaused) transport.resumeProducing()
    }

    /** For a delivery outside of `dataReceived`: the reader takes nothing after an error, so the connection must not live on. */
    @JvmSynthetic
    internal inline fun delivering(action: FrameReader.() -> Unit) {
        try {
            reader.action()
        } catch (e: Throwable) {
            transport.abortConnection(e)
            throw e
        }
    }

    /** The same as the transport's `loseConnection`. */
    override fun stopProducing(): Unit = transport.loseConnection()

    final override fun dataReceived(view: ByteBuffer) {
        val count = view.remaining()
        reader.feed(view)
        readAhead.wasRead(count, reader.keptBytes, isPaused)
    }

    /** While it is paused, no more than the framing's limit and a quarter is kept. */
    final override fun receiveLimit(): Int = readAhead.limit(reader.keptBytes, unfinished = true)

    /** Within a frame, unless it is paused. */
    override fun expectsBytes(): Boolean = !isPaused && reader.keptBytes > 0

    final override fun dataReceived(data: ByteArray): Unit = reader.feed(ByteBuffer.wrap(data).asReadOnlyBuffer())

    final override fun tlsBegins() {
        val rest = reader.takeRest()
        if (rest.isNotEmpty()) transport.abortConnection(PlainBytesException(rest.size))
    }

    override fun endConnection(reason: CloseReason) {
        if (reason is ConnectionDone && reason.by == ClosedBy.PEER && !isPaused && reader.keptBytes > 0) {
            protocolViolated(TruncatedFrameException(reader.keptBytes.toLong()))
        }
        reader.stop()
        readAhead.settle(0)
        super.endConnection(reason)
    }

    private inner class Deliveries : FrameConsumer {
        override fun isReady() = !isPaused && !transport.isDisconnecting

        override fun frameReceived(frame: ByteBuffer) = this@FrameReceiver.frameReceived(frame)

        override fun frameRefused(violation: ProtocolViolationException, rest: ByteBuffer) = refused(violation, rest)
    }
}
