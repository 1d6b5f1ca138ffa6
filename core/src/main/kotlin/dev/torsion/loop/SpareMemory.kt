// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import java.nio.ByteBuffer

/**
 * Direct memory that saves a copy, for those who can do without. When there is none left (`-XX:MaxDirectMemorySize`), the JDK collects all
 * garbage and waits for half a second before it says so, on the thread that has asked. So nobody asks again for a while.
 *
 * Thread: any.
 */
internal class SpareMemory(
    private val nanoTime: () -> Long = System::nanoTime,
    private val allocate: (Int) -> ByteBuffer = ByteBuffer::allocateDirect,
) {
    @Volatile
    private var refusedAt: Long? = null

    /** An empty buffer of [size] bytes; null when there is no such memory. */
    fun take(size: Int): ByteBuffer? {
        val at = refusedAt
        if (at != null && nanoTime() - at < PAUSE) return null
        return try {
            allocate(size)
        } catch (_: OutOfMemoryError) {
            refusedAt = nanoTime()
            null
        }
    }

    companion object {
        /** The limit is the process's, and so is this. */
        val SHARED = SpareMemory()
        private const val PAUSE = 60_000_000_000L
    }
}
