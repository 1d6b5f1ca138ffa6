// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.ProtocolViolationException
import java.nio.ByteBuffer

/** Takes the frames of one connection from a [FrameReader]. */
public interface FrameConsumer {
    /**
     * Whether it takes a frame now. The reader asks before each frame. After a no the bytes are kept: call [FrameReader.resume] when the
     * answer is yes again, and let no more bytes come until then.
     */
    public fun isReady(): Boolean = true

    /** One frame: a read-only view from its position to its limit, **valid only during this call**. */
    public fun frameReceived(frame: ByteBuffer)

    /**
     * The bytes are no frame, or the frame is too long. [rest] is a view of all bytes that are left, valid only during this call. The
     * reader takes nothing more, unless [FrameReader.restart] is called.
     */
    public fun frameRefused(violation: ProtocolViolationException, rest: ByteBuffer)

    /** All frames are delivered and [FrameReader.end] was called. The end was inside a frame when [truncated] is not null. */
    public fun inputEnded(truncated: TruncatedFrameException?) {}
}

/**
 * Reads the frames of one connection: bytes in, frames out, with no socket.
 *
 * Frames are decoded in the buffer that the bytes came in. The reader copies only an unfinished frame, and bytes for which the consumer was
 * not ready. Their array is at most a quarter larger than they are, or than [frameLimit] if that is more. However the bytes are cut, the
 * work is linear in their number.
 *
 * The consumer may do anything during a call: become unready, feed more bytes, change the decoder. When it throws, the reader takes
 * nothing more.
 *
 * Not thread-safe.
 *
 * @param decoder finds the frames; it belongs to this reader
 * @property frameLimit about how long a frame can be: [Framing.frameLimit]
 */
public class FrameReader
@JvmOverloads
constructor(
    decoder: FrameDecoder,
    private val consumer: FrameConsumer,
    public val frameLimit: Int = DEFAULT_FRAME_LIMIT,
) {
    private val kept = KeptBytes(ReadAhead.share(frameLimit))
    private var busy = false
    private var refused = false
    private var ending = false
    private var ended = false

    // The buffer that is being fed, and what is left of it for after the frame that is being delivered from it.
    private var feeding: ByteBuffer? = null
    private var deliveringFeed = false
    private var restFrom = 0
    private var restTo = 0

    // The result of looking ahead: a frame, and where the kept bytes began then; or why they are none.
    private var isFound = false
    private var foundFrom = 0
    private var foundError: Throwable? = null

    /** Finds the frames. Another one takes over at the next frame. */
    public var decoder: FrameDecoder = decoder
        set(value) {
            value.startOver()
            field = value
            forgetFound()
        }

    /** How many bytes are kept: those of an unfinished frame, and those for which the consumer was not ready. */
    public val keptBytes: Int get() = kept.size

    /** Whether a whole frame is kept. It is looked for once, so that no decoder sees a frame twice. */
    @get:JvmSynthetic
    internal val holdsFrame: Boolean
        get() {
            lookAhead()
            return isFound
        }

    /** The fault of the kept bytes, when they are no frame; the consumer has not heard of it yet. */
    @get:JvmSynthetic
    internal val violationAhead: ProtocolViolationException?
        get() {
            lookAhead()
            return foundError as? ProtocolViolationException
        }

    /** How large the array is that they are in. */
    @get:JvmSynthetic
    internal val keptCapacity: Int get() = kept.capacity

    /** True once it takes nothing more. */
    @get:JvmSynthetic
    internal val isStopped: Boolean get() = refused

    /** Takes [data] to its end and delivers the frames that it completes. */
    public fun feed(data: ByteBuffer) {
        when {
            refused || ending -> data.position(data.limit())
            busy -> keepForLater(data)
            else -> run(data)
        }
    }

    /** Puts [data] before everything that has not been delivered yet, as if it had come before; then as [feed]. */
    public fun feedFirst(data: ByteArray) {
        if (refused || data.isEmpty()) return
        if (busy) keepFeed()
        kept.prepend(data)
        startOver()
        resume()
    }

    /** Takes out all that has not been delivered yet, the beginning of an unfinished frame included. */
    @JvmSynthetic
    internal fun takeRest(): ByteArray {
        if (busy) keepFeed()
        startOver()
        return kept.takeCopy()
    }

    /** The consumer is ready again: goes on delivering. During a delivery this does nothing, since the delivery goes on by itself. */
    public fun resume() {
        if (!busy && !refused) run(NOTHING)
    }

    /** No more bytes will come: [FrameConsumer.inputEnded] follows once all is delivered, now or after [resume]. */
    public fun end() {
        ending = true
        resume()
    }

    /** Forgets what is kept and takes frames again, after [FrameConsumer.frameRefused]. */
    public fun restart() {
        refused = false
        kept.clear()
        startOver()
    }

    /** Forgets what is kept and takes nothing more. */
    public fun stop() {
        refused = true
        kept.clear()
        forgetFound()
    }

    private fun startOver() {
        decoder.startOver()
        forgetFound()
    }

    private fun forgetFound() {
        isFound = false
        foundError = null
    }

    private fun lookAhead() {
        if (busy) keepFeed()
        if (isFound || foundError != null || kept.size == 0 || kept.size < decoder.needed) return
        foundFrom = kept.from
        try {
            isFound = decoder.find(kept.otherView())
        } catch (e: Throwable) { // thrown when the consumer is ready for it
            foundError = e
        }
    }

    /** [FrameDecoder.find], if looking ahead has not done it. */
    private fun find(): Boolean {
        if (isFound) return true
        foundError?.let { throw it }
        return decoder.find(kept.view())
    }

    /**
     * Delivers the frames in [data] and in the kept bytes. With [fromFeed] and [fromKept] in it this is too large for the JIT to inline, so
     * that however deep a loop and a transport stand above it, their inlining ends here and that of decoding and handling begins.
     */
    private fun run(data: ByteBuffer) {
        busy = true
        feeding = data
        var done = false
        try {
            while (consumer.isReady() && !refused) {
                if (!(if (kept.size > 0) fromKept(data) else data.hasRemaining() && fromFeed(data))) break
            }
            when {
                refused -> data.position(data.limit())
                consumer.isReady() -> kept.append(data, data.remaining())
                else -> kept.appendRest(data)
            }
            done = true
        } finally {
            feeding = null
            busy = false
            if (!done) stop()
        }
        kept.trim()
        if (ending && !ended && !refused && consumer.isReady()) finish()
    }

    private fun finish() {
        ended = true
        val left = kept.size
        kept.clear()
        consumer.inputEnded(if (left > 0) TruncatedFrameException(left.toLong()) else null)
    }

    /** Delivers one frame in the buffer it came in, or refuses it. False when there is none. */
    @Suppress("NOTHING_TO_INLINE")
    private inline fun fromFeed(data: ByteBuffer): Boolean {
        try {
            if (!decoder.find(data)) return false
        } catch (violation: ProtocolViolationException) {
            refuse(violation, data)
            return true
        }
        restFrom = decoder.next
        restTo = data.limit()
        deliveringFeed = true
        data.limit(decoder.end).position(decoder.start)
        try {
            consumer.frameReceived(data)
        } finally {
            deliveringFeed = false
            data.limit(restTo).position(restFrom)
        }
        return true
    }

    /** Delivers the frame that is kept, completed from [data] where need be, or refuses it. False when it stays incomplete. */
    @Suppress("NOTHING_TO_INLINE")
    private inline fun fromKept(data: ByteBuffer): Boolean {
        var taken = 0
        try {
            while (kept.size < decoder.needed || !find()) {
                if (!data.hasRemaining()) return false
                val count = minOf(data.remaining(), step())
                kept.append(data, count)
                taken += count
            }
        } catch (violation: ProtocolViolationException) {
            kept.append(data, data.remaining())
            refuse(violation, kept.takeAll())
            return true
        }
        // The bytes that looking ahead has seen have another place when more have come since.
        val moved = if (isFound) kept.from - foundFrom else 0
        isFound = false
        if (taken > 0) {
            // The bytes behind the frame go back, to be decoded in place.
            val over = kept.dropFrom(decoder.next)
            data.position(data.position() - over)
        }
        consumer.frameReceived(kept.take(decoder.start + moved, decoder.end + moved, decoder.next + moved))
        return true
    }

    /** How many bytes to add to the unfinished frame: what it is known to lack, or as many again as there are. */
    private fun step(): Int {
        val lacking = decoder.needed - kept.size
        return if (lacking > 1) lacking else maxOf(kept.size, SMALLEST_STEP)
    }

    private fun refuse(violation: ProtocolViolationException, rest: ByteBuffer) {
        refused = true
        restTo = feeding!!.limit()
        restFrom = restTo
        deliveringFeed = true
        try {
            consumer.frameRefused(violation, rest)
        } finally {
            deliveringFeed = false
            rest.position(rest.limit())
        }
    }

    /** More came while a frame is being delivered: it goes behind what is left of the bytes of that one. */
    private fun keepForLater(data: ByteBuffer) {
        keepFeed()
        kept.append(data, data.remaining())
    }

    private fun keepFeed() {
        val feed = feeding!!
        if (deliveringFeed) {
            kept.append(feed.duplicate().limit(restTo).position(restFrom), restTo - restFrom)
            restFrom = restTo
        } else {
            kept.append(feed, feed.remaining())
        }
    }

    private companion object {
        const val SMALLEST_STEP = 128
        val NOTHING: ByteBuffer = ByteBuffer.allocate(0)
    }
}
