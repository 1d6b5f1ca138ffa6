// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * Bytes that wait to be read, in pieces. Small ones are put together: memory follows the number of bytes, and not that of the pieces, which
 * a peer chooses.
 */
internal class Pieces {
    private val whole = ArrayDeque<ByteArray>()
    private var small = NOTHING // its first [used] bytes are behind all that are whole
    private var used = 0

    /** How many bytes wait. */
    var size = 0
        private set

    fun isEmpty(): Boolean = size == 0

    /** Adds [piece], which has one byte at least, and which nobody changes from now on. */
    fun addLast(piece: ByteArray) {
        size += piece.size
        if (used + piece.size > MOST_SMALL) seal()
        if (piece.size > MOST_SMALL || size == piece.size) { // the only one, which is the whole body as a rule
            whole.addLast(piece)
            return
        }
        if (used + piece.size > small.size) small = small.copyOf(maxOf(2 * small.size, used + piece.size).coerceAtMost(MOST_SMALL))
        piece.copyInto(small, used)
        used += piece.size
    }

    /** Gives [piece] back, which was the first one. */
    fun addFirst(piece: ByteArray) {
        size += piece.size
        whole.addFirst(piece)
    }

    fun removeFirstOrNull(): ByteArray? {
        if (whole.isEmpty()) seal()
        return whole.removeFirstOrNull()?.also { size -= it.size }
    }

    /** The piece, when there is only one. */
    fun takeOnly(): ByteArray? = if (whole.size == 1 && whole.first().size == size) removeFirstOrNull() else null

    fun clear() {
        whole.clear()
        small = NOTHING
        used = 0
        size = 0
    }

    private fun seal() {
        if (used > 0) whole.addLast(if (used == small.size) small else small.copyOf(used))
        small = NOTHING
        used = 0
    }

    private companion object {
        const val MOST_SMALL = 4096
        val NOTHING = ByteArray(0)
    }
}
