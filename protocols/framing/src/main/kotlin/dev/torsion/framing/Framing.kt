// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.Transport
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * How messages are told apart in a stream of bytes: by a delimiter, a length prefix, a fixed length.
 *
 * A framing is an immutable description. One object serves any number of connections, on any thread. It knows no socket. The memory of one
 * connection between two reads is in its [FrameDecoder]. Every framing has a limit, so that a peer cannot make us remember without end.
 */
public interface Framing {
    /** A decoder for one connection. */
    public fun newDecoder(): FrameDecoder

    /**
     * The most bytes of one frame, with its header and delimiter. A connection keeps no more unread bytes than this and a quarter. By
     * default 64 KiB. Longer frames are kept all the same, as long as the decoder wants them.
     */
    public val frameLimit: Int get() = DEFAULT_FRAME_LIMIT

    /**
     * Writes [payload] to [sink] as one frame, in as many pieces as is convenient.
     *
     * @throws EncodeException when the framing cannot carry it; then nothing was written
     */
    public fun encode(payload: ByteArray, sink: FrameSink)

    /**
     * The same for the remaining bytes of [payload], which is read to its end: for a frame that is passed on as it came. The default copies
     * them. Lines, strings with a length before them, fixed lengths and raw bytes are written without a copy.
     */
    public fun encode(payload: ByteBuffer, sink: FrameSink): Unit = encode(payload.copyOut(), sink)
}

internal const val DEFAULT_FRAME_LIMIT = 64 * 1024

/** Takes encoded bytes. Their owner may use the array or buffer again after the call. */
public fun interface FrameSink {
    /** Takes [length] bytes of [data] from [offset] on. */
    public fun write(data: ByteArray, offset: Int, length: Int)

    /** Takes the remaining bytes of [data], to its end. */
    public fun write(data: ByteBuffer) {
        val bytes = data.copyOut()
        write(bytes, 0, bytes.size)
    }

    /** Takes the low [bytes] bytes of [number], at most eight. */
    public fun writeNumber(number: Long, bytes: Int, order: ByteOrder): Unit =
        write(ByteArray(bytes).also { it.putNumber(0, number, bytes, order) }, 0, bytes)
}

internal fun ByteArray.putNumber(at: Int, number: Long, bytes: Int, order: ByteOrder) {
    for (i in 0 until bytes) {
        this[at + if (order == ByteOrder.BIG_ENDIAN) bytes - 1 - i else i] = (number ushr i * Byte.SIZE_BITS).toByte()
    }
}

/** The [transport] of one connection. Nothing is allocated for a frame. */
internal class TransportSink(private val transport: Transport) : FrameSink {
    private val number = ByteArray(Long.SIZE_BYTES)

    override fun write(data: ByteArray, offset: Int, length: Int): Unit = transport.write(data, offset, length)

    override fun write(data: ByteBuffer): Unit = transport.write(data)

    override fun writeNumber(number: Long, bytes: Int, order: ByteOrder) {
        this.number.putNumber(0, number, bytes, order)
        transport.write(this.number, 0, bytes)
    }
}

/**
 * Finds the frames of one connection, one after the other, without copying or allocating anything.
 *
 * [FrameReader] drives it. The rules between the two: [find] looks at the bytes from the buffer's position to its limit. When it
 * returns true, [start] and [end] are the bounds of the payload as absolute indexes in that buffer, and [next] is the index at which
 * the next frame begins; the next call gets a buffer positioned there. When it returns false, the next call gets the same bytes with
 * more after them, though maybe in another buffer, and the decoder goes on where it had stopped, so that a frame that comes byte by
 * byte costs no more than one that comes whole. The buffer itself is never changed.
 */
public abstract class FrameDecoder {
    /** The index of the payload's first byte. */
    public var start: Int = 0
        private set

    /** The index behind the payload's last byte. */
    public var end: Int = 0
        private set

    /** The index behind the whole frame. */
    public var next: Int = 0
        private set

    /** After [find] returned false: looking again is of no use with fewer bytes than this. 1 when that is not known. */
    public var needed: Int = 1
        private set

    /**
     * Looks for the next frame in [input].
     *
     * @throws dev.torsion.net.ProtocolViolationException when the bytes are no frame, or too long a one
     */
    public abstract fun find(input: ByteBuffer): Boolean

    /** Forgets what it knows of an unfinished frame. */
    public abstract fun reset()

    /** [reset], and [needed] with it: the next call of [find] gets other bytes. */
    @JvmSynthetic
    internal fun startOver() {
        needed = 1
        reset()
    }

    /** For [find]: the frame is complete. Returns true. */
    protected fun found(start: Int, end: Int, next: Int): Boolean {
        this.start = start
        this.end = end
        this.next = next
        needed = 1
        return true
    }

    /** For [find]: the frame is not complete, and cannot be with fewer than [bytes] bytes. Returns false. */
    protected fun needs(bytes: Int): Boolean {
        needed = bytes
        return false
    }
}
