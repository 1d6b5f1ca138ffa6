// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.ProtocolViolationException
import java.nio.ByteBuffer

/**
 * A protocol that gets lines; Twisted's `LineOnlyReceiver`.
 *
 * ```kotlin
 * class Answer : LineOnlyReceiver() {
 *     override fun lineReceived(line: ByteArray) = sendLine(line)
 * }
 * ```
 *
 * @param framing what ends a line, and how long one may be: CR LF and 16,384 bytes unless given
 */
public abstract class LineOnlyReceiver
@JvmOverloads
constructor(framing: LineFraming = LineFraming()) : FrameReceiver(framing) {
    /** The most bytes of a line. */
    public val maxLength: Int = framing.maxLength

    /** A line arrived, without its delimiter. The array is yours. */
    protected open fun lineReceived(line: ByteArray) {}

    /** The same without a copy: a read-only view, **valid only during this call**. The default copies it. */
    protected open fun lineReceived(view: ByteBuffer): Unit = lineReceived(view.copyOut())

    /** Sends [line] and the delimiter. @throws EncodeException when it is too long, or has the delimiter in it */
    public fun sendLine(line: ByteArray): Unit = sendFrame(line)

    /** Sends the remaining bytes of [line], such as a line that has come, without a copy. @throws EncodeException likewise */
    public fun sendLine(line: ByteBuffer): Unit = sendFrame(line)

    /** [sendLine] for text, in UTF-8. */
    public fun sendLine(line: String): Unit = sendFrame(line.encodeToByteArray())

    /**
     * The peer sends a line that is over [maxLength]. [line] is its beginning and all bytes behind it. The next bytes count as the
     * beginning of a line. By default the connection ends, as [protocolViolated] says.
     */
    protected open fun lineLengthExceeded(line: ByteArray): Unit = lengthLimitExceeded(FrameTooLongException("A line", maxLength.toLong()))

    @JvmSynthetic
    internal override fun refused(violation: ProtocolViolationException, rest: ByteBuffer) {
        reader.restart()
        lineLengthExceeded(rest.copyOut())
    }

    override fun frameReceived(frame: ByteBuffer): Unit = lineReceived(frame)
}

/**
 * A protocol that gets lines, or in raw mode bytes as they come; Twisted's `LineReceiver`.
 *
 * ```kotlin
 * class Upload : LineReceiver() {
 *     private var left = 0
 *
 *     override fun lineReceived(line: ByteArray) {
 *         left = line.decodeToString().toInt()
 *         setRawMode()
 *     }
 *
 *     override fun rawDataReceived(data: ByteArray) {
 *         val mine = minOf(left, data.size)
 *         left -= mine
 *         if (left == 0) setLineMode(data.copyOfRange(mine, data.size))
 *     }
 * }
 * ```
 *
 * @param framing what ends a line, and how long one may be: CR LF and 16,384 bytes unless given
 */
public abstract class LineReceiver
@JvmOverloads
constructor(framing: LineFraming = LineFraming()) : LineOnlyReceiver(framing) {
    private val rawDecoder = RawDecoder(RAW_PIECE)

    /** True between [setRawMode] and [setLineMode]. */
    public val isRawMode: Boolean get() = reader.decoder === rawDecoder

    /** Bytes arrived in raw mode; any number of them. The array is yours. */
    protected open fun rawDataReceived(data: ByteArray) {}

    /** The same without a copy: a read-only view, **valid only during this call** and until [setLineMode]. The default copies it. */
    protected open fun rawDataReceived(view: ByteBuffer): Unit = rawDataReceived(view.copyOut())

    /** From the next byte on there are no lines: [rawDataReceived] gets everything. */
    public fun setRawMode() {
        reader.decoder = rawDecoder
    }

    /** From the next byte on there are lines again. [extra] comes first: the bytes of the last raw data that were no longer raw. */
    @JvmOverloads
    public fun setLineMode(extra: ByteArray = ByteArray(0)) {
        reader.decoder = decoder
        delivering { feedFirst(extra) }
    }

    /**
     * Takes out the bytes that have come and were not delivered yet, whole lines and the beginning of one, and gives them. It may be called
     * during a delivery. Twisted's `clearLineBuffer`.
     */
    public fun clearLineBuffer(): ByteArray = reader.takeRest()

    /** Within a line, and in raw mode always, unless it is paused. */
    override fun expectsBytes(): Boolean = (isRawMode && !isPaused) || super.expectsBytes()

    final override fun frameReceived(frame: ByteBuffer): Unit = if (isRawMode) rawDataReceived(frame) else lineReceived(frame)

    private companion object {
        // Raw data comes in pieces of limited size: a peer that makes us change modes often cannot make us copy the same bytes often.
        const val RAW_PIECE = 4096
    }
}

internal fun ByteBuffer.copyOut(): ByteArray = ByteArray(remaining()).also { get(it) }
