// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.loop.SpareMemory
import dev.torsion.spi.StreamChannel
import java.nio.ByteBuffer

/** Bytes that the operating system has not taken yet, in chunks from the loop's [ChunkPool]. */
internal class WriteQueue(private val pool: ChunkPool, val limit: WriteLimit) {
    // Each chunk holds its unsent bytes between position and limit; the last one is filled up to its capacity.
    private val chunks = ArrayDeque<ByteBuffer>()

    var size = 0L
        private set

    fun append(data: ByteBuffer) {
        size += data.remaining()
        while (data.hasRemaining()) {
            val chunk = roomy()
            val count = minOf(chunk.capacity() - chunk.limit(), data.remaining())
            val start = chunk.limit()
            chunk.limit(start + count)
            chunk.put(start, data, data.position(), count)
            data.position(data.position() + count)
        }
    }

    fun append(data: ByteArray, offset: Int, length: Int) {
        size += length
        var from = offset
        while (from < offset + length) {
            val chunk = roomy()
            val start = chunk.limit()
            val count = minOf(chunk.capacity() - start, offset + length - from)
            chunk.limit(start + count)
            chunk.put(start, data, from, count)
            from += count
        }
    }

    /** Sends as much as [channel] takes, up to [MOST_CHUNKS] chunks. */
    fun sendTo(channel: StreamChannel) {
        val count = minOf(chunks.size, MOST_CHUNKS)
        size -= if (count == 1) channel.send(chunks.first()).toLong() else channel.send(Array(count) { chunks[it] })
        while (chunks.isNotEmpty() && !chunks.first().hasRemaining()) pool.give(chunks.removeFirst())
    }

    /** A copy of all that waits. */
    fun copy(): ByteArray {
        val copy = ByteBuffer.allocate(size.toInt())
        chunks.forEach { copy.put(it.duplicate()) }
        return copy.array()
    }

    /** Forgets what is left, and gives all chunks back. */
    fun release() {
        chunks.forEach(pool::give)
        chunks.clear()
        size = 0
    }

    private fun roomy(): ByteBuffer {
        chunks.lastOrNull()?.let { if (it.limit() < it.capacity()) return it }
        return pool.take().limit(0).also(chunks::addLast)
    }

    private companion object {
        const val MOST_CHUNKS = 16 // half a MiB: enough for a full socket buffer, and a busy connection cannot hold the loop
    }
}

/** Direct chunks for the write queues of one loop. It keeps some; beyond them heap memory serves, which costs a copy but no direct memory. */
internal class ChunkPool(private val memory: SpareMemory = SpareMemory.SHARED) {
    private val free = ArrayDeque<ByteBuffer>()
    private var made = 0

    fun take(): ByteBuffer {
        val chunk = free.removeLastOrNull() ?: makeDirect() ?: ByteBuffer.allocate(CHUNK)
        return chunk.clear()
    }

    private fun makeDirect(): ByteBuffer? = if (made < KEPT) memory.take(CHUNK)?.also { made++ } else null

    fun give(chunk: ByteBuffer) {
        if (chunk.isDirect) free.addLast(chunk)
    }

    private companion object {
        const val CHUNK = 32 * 1024
        const val KEPT = 256 // 8 MiB
    }
}
