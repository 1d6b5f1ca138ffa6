// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.loop.SpareMemory
import dev.torsion.spi.TorsionSpi
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger

/**
 * Memory for pieces of files. It is direct memory, which goes from the file to the socket without a copy on the way. Some is kept for all
 * reactors; beyond that, and for small files, heap memory serves.
 *
 * Thread: any.
 */
@TorsionSpi
public object FilePieces {
    /** From this number of bytes on, a transport sends direct memory as it is. */
    public const val SMALL: Int = 16 * 1024
    private const val KEPT = 64 // 4 MiB

    private val free = ConcurrentLinkedQueue<ByteBuffer>()
    private val made = AtomicInteger()

    /** How many of those that are kept are in use. */
    @get:JvmSynthetic
    internal val inUse: Int get() = made.get() - free.size

    /** An empty buffer with room for [size] bytes at least, of which there are [FILE_PIECE] at most. */
    public fun take(size: Int): ByteBuffer {
        if (size < SMALL) return ByteBuffer.allocate(size)
        return free.poll() ?: makeOne() ?: ByteBuffer.allocate(size)
    }

    private fun makeOne(): ByteBuffer? {
        if (made.getAndUpdate { if (it < KEPT) it + 1 else it } >= KEPT) return null
        return direct(FILE_PIECE).also { if (it == null) made.decrementAndGet() }
    }

    /** An empty buffer of direct memory, which has room for [size] bytes, and is nobody else's; null when there is no such memory left. */
    public fun direct(size: Int): ByteBuffer? = SpareMemory.SHARED.take(size)

    /** Nobody uses [piece] any more; call it once. */
    public fun give(piece: ByteBuffer) {
        if (piece.isDirect) free.add(piece)
    }
}
