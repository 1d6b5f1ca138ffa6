// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/**
 * The bytes that a [FrameReader] could not deliver yet, in one array that is made when it is needed.
 *
 * Bytes never move within their array, since a frame that lies in it may be in use: when it is full they go to another one, of twice
 * the size but no more than [most], or, where that is not enough, a quarter larger than they are. So each byte is moved a bounded number of
 * times on average, and a view stays what it is; except that [prepend] may write where a frame was that has been taken out.
 */
internal class KeptBytes(private val most: Int) {
    private var array = EMPTY
    private var view = NO_VIEW
    private var end = 0

    /** The index of the first of them. */
    var from = 0
        private set

    val size: Int get() = end - from

    /** How many bytes the array has. */
    val capacity: Int get() = array.size

    /** Adds the next [count] bytes of [data]. */
    fun append(data: ByteBuffer, count: Int) {
        if (count == 0) return
        if (count > array.size - end) moveTo(roomFor(Math.addExact(size, count)))
        data.get(array, end, count)
        end += count
    }

    /** Adds all of [data], most likely the last before these are taken: where they are the first, the array is no larger than they are. */
    fun appendRest(data: ByteBuffer) {
        val count = data.remaining()
        if (size == 0 && count > array.size - end) moveTo(count)
        append(data, count)
    }

    /** Puts [data] before all others. */
    fun prepend(data: ByteArray) {
        if (data.size > from) moveTo(Math.addExact(size, data.size), before = data.size)
        from -= data.size
        data.copyInto(array, from)
    }

    private fun roomFor(count: Int): Int {
        val room = if (count <= most) minOf(2L * count, most.toLong()) else minOf(count + count / 4L, Int.MAX_VALUE.toLong())
        return maxOf(SMALLEST, room.toInt())
    }

    private fun moveTo(capacity: Int, before: Int = 0) {
        val room = ByteArray(capacity)
        array.copyInto(room, before, from, end)
        end = before + size
        from = before
        array = room
        view = ByteBuffer.wrap(room).asReadOnlyBuffer()
    }

    /** All of them, read-only. */
    fun view(): ByteBuffer = view.limit(end).position(from)

    /** All of them, for a look while a frame is in use, which is the other view. */
    fun otherView(): ByteBuffer = view.duplicate().limit(end).position(from)

    /** Takes out everything before [next] and gives those from [start] to [payloadEnd]. */
    fun take(start: Int, payloadEnd: Int, next: Int): ByteBuffer {
        from = next
        return view.limit(payloadEnd).position(start)
    }

    fun takeAll(): ByteBuffer = view().also { from = end }

    /** Takes all of them out, as an array of its own, and leaves a frame that is in use alone. */
    fun takeCopy(): ByteArray = array.copyOfRange(from, end).also { from = end }

    /** Drops those from index [at] on; how many they are. */
    fun dropFrom(at: Int): Int = (end - at).also { end = at }

    fun clear() {
        array = EMPTY
        view = NO_VIEW
        from = 0
        end = 0
    }

    /** When nothing is kept and no view is in use: starts again at the front, and gives a large array up. */
    fun trim() {
        if (from < end) return
        if (array.size > LARGEST_IDLE) clear()
        from = 0
        end = 0
    }

    private companion object {
        val EMPTY = ByteArray(0)
        val NO_VIEW: ByteBuffer = ByteBuffer.wrap(EMPTY)
        const val SMALLEST = 128
        const val LARGEST_IDLE = 1024
    }
}
