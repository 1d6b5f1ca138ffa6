// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import java.nio.ByteBuffer
import java.util.function.IntUnaryOperator

/**
 * One direction of a connection: at most [window] bytes that were sent and not read yet. What is sent is on its way until it
 * [arrive]s; only then the reader sees it.
 */
internal class BytePipe(private val window: Int, private val chunks: IntUnaryOperator) {
    private var bytes = ByteArray(minOf(window, FIRST))
    private var start = 0
    private var size = 0
    private var arrived = 0
    private var endSent = false
    private var resetSent = false

    /** All has arrived up to the end of the stream. */
    private var endArrived = false

    /** The connection was reset by the writer. */
    var isReset = false
        private set

    val room get() = window - size

    val isEmpty get() = size == 0

    val hasUnread get() = arrived > 0

    val isReadable get() = arrived > 0 || endArrived || isReset

    val isOnItsWay get() = arrived != size || endSent != endArrived || resetSent != isReset

    fun send(data: ByteBuffer): Int {
        val count = minOf(data.remaining(), room)
        reserve(count)
        data.get(bytes, start + size, count)
        size += count
        return count
    }

    private fun reserve(count: Int) {
        if (start + size + count <= bytes.size) return
        val target = if (size + count <= bytes.size) bytes else ByteArray(minOf(window, maxOf(bytes.size * 2, size + count)))
        bytes.copyInto(target, 0, start, start + size)
        bytes = target
        start = 0
    }

    fun sendEnd() {
        endSent = true
    }

    /** A reset overtakes and destroys what was not read. */
    fun sendReset() {
        resetSent = true
    }

    /** What is on its way arrives. */
    fun arrive() {
        if (resetSent) clear()
        arrived = size
        endArrived = endSent
        isReset = resetSent
    }

    fun clear() {
        size = 0
        arrived = 0
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
        if (size == 0) start = 0
        return count
    }

    private companion object {
        const val FIRST = 1024
    }
}
