// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import java.nio.ByteBuffer
import java.util.function.IntUnaryOperator
import java.util.function.LongSupplier

/**
 * One direction of a connection: at most [window] bytes that were sent and not read yet. Bytes are on their way until they
 * [arrive]; only then the reader sees them. On a [link] with a latency that takes time by the clock.
 */
internal class BytePipe(
    private val window: Int,
    private val chunks: IntUnaryOperator,
    private val link: MemoryLink,
    private val time: LongSupplier,
) {
    private var bytes = ByteArray(minOf(window, FIRST))
    private var start = 0
    private var size = 0
    private var arrived = 0
    private var readInAll = 0L
    private val delayed = ArrayDeque<Delayed>() // bytes that are due at a later time, in order
    private var end = NEVER // when it arrives
    private var reset = NEVER
    private var isResetLocal = false

    /** The bytes up to the place [upTo] in the stream arrive at [due]. */
    private class Delayed(val upTo: Long, val due: Long)

    /** All has arrived up to the end of the stream. */
    private var endArrived = false

    /** The connection was reset by the writer. */
    var isReset = false
        private set

    val room get() = window - size

    val hasUnread get() = arrived > 0

    val isReadable get() = arrived > 0 || endArrived || isReset

    fun send(data: ByteBuffer): Int {
        val count = minOf(data.remaining(), room)
        reserve(count)
        data.get(bytes, start + size, count)
        size += count
        val due = dueAfterAll()
        if (count > 0 && (delayed.isNotEmpty() || link.latency > 0)) delayed.addLast(Delayed(readInAll + size, due))
        return count
    }

    private fun reserve(count: Int) {
        if (start + size + count <= bytes.size) return
        val target = if (size + count <= bytes.size) bytes else ByteArray(minOf(window, maxOf(bytes.size * 2, size + count)))
        bytes.copyInto(target, 0, start, start + size)
        bytes = target
        start = 0
    }

    /** When something that is sent now arrives: never before what was sent earlier. */
    private fun dueAfterAll() = maxOf(time.asLong + link.latency, delayed.lastOrNull()?.due ?: 0)

    fun sendEnd() {
        if (end == NEVER) end = dueAfterAll()
    }

    /** A reset overtakes and destroys what was not read. */
    fun sendReset() {
        if (reset == NEVER) reset = time.asLong + link.latency
    }

    /** Something at this end breaks the connection: a reset that need not come all the way. */
    fun breakOff() {
        reset = time.asLong
        isResetLocal = true
    }

    /** Whether [arrive] would bring something. */
    val isDue: Boolean get() = nextDue().let { it != NEVER && it <= time.asLong }

    /** When the next byte, end or reset arrives, which may be now, or [NEVER]. */
    fun nextDue(): Long {
        val resets = if (isReset) NEVER else reset
        if (link.isBlackHole) return if (isResetLocal) resets else NEVER
        val ends = if (endArrived) NEVER else end
        val data = delayed.firstOrNull()?.due ?: if (arrived != size) 0 else NEVER
        return minOf(resets, ends, data)
    }

    /** Everything that is on its way and due arrives. */
    fun arrive() {
        val now = time.asLong
        if (reset <= now && (isResetLocal || !link.isBlackHole)) {
            clear()
            isReset = true
        }
        if (link.isBlackHole) return
        if (delayed.isEmpty()) {
            arrived = size
        } else {
            while (delayed.isNotEmpty() && delayed.first().due <= now) arrived = (delayed.removeFirst().upTo - readInAll).toInt()
        }
        if (end <= now) endArrived = true
    }

    fun clear() {
        readInAll += size
        size = 0
        arrived = 0
        delayed.clear()
    }

    /** Reads the next chunk into [target]; -1 at the end. */
    fun read(target: ByteBuffer): Int {
        if (arrived == 0) return if (endArrived) -1 else 0
        if (!target.hasRemaining()) return 0
        val count = minOf(chunks.applyAsInt(arrived).coerceIn(1, arrived), target.remaining())
        target.put(bytes, start, count)
        start += count
        size -= count
        arrived -= count
        readInAll += count
        if (size == 0) start = 0
        return count
    }

    companion object {
        const val NEVER: Long = Long.MAX_VALUE
        private const val FIRST = 1024
    }
}
