// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.ByteBuffer

/**
 * Bytes that a client has sent ahead. They are copied once when they come, and now and then as the buffer grows: never all of them for each
 * piece, or for each request among them.
 */
internal class HeldBytes {
    private var buffer: ByteBuffer? = null

    val remaining: Int get() = buffer?.remaining() ?: 0

    /** Adds what is left of [view] behind the others. */
    fun add(view: ByteBuffer) {
        val before = buffer
        val size = remaining + view.remaining()
        when {
            before == null -> buffer = ByteBuffer.allocate(size).put(view).flip()
            before.capacity() - before.limit() >= view.remaining() -> before.append(view)
            before.capacity() >= 2 * size -> before.compact().put(view).flip()
            else -> buffer = ByteBuffer.allocate(2 * size).put(before).put(view).flip()
        }
    }

    private fun ByteBuffer.append(view: ByteBuffer) {
        val first = position()
        position(limit()).limit(capacity())
        put(view).limit(position()).position(first)
    }

    /** Gives all of them, and has none. Null when there is none. */
    fun take(): ByteBuffer? = buffer.also { buffer = null }

    /** Keeps the rest of [taken], which was [take]n. */
    fun putBack(taken: ByteBuffer) {
        check(buffer == null) { "bytes have come while older ones were read" }
        buffer = taken
    }

    fun clear() {
        buffer = null
    }
}
