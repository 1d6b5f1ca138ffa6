// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

/**
 * How much one connection may read from the network. Bytes that its consumer does not take must be kept: the framing's limit bounds them,
 * and not the size of a read. The rest is left with the operating system, and so with the peer.
 *
 * A connection may keep its [own] share, the longest frame and a quarter more. It begins with reads of that size. A read that is taken
 * whole doubles it, since a byte of a large read costs less; one that is not sets it back. The rest of a large read is lent from a fixed
 * sum that all connections of a thread share. None gets more than a quarter of what is left of the sum.
 */
internal class ReadAhead(frameLimit: Int) {
    private val own = maxOf(SMALLEST, share(frameLimit))
    private var size = minOf(own, LARGEST)
    private var asked = 0
    private var borrowed = 0
    private var lender: Lender? = null

    /** The most bytes to read next when [outstanding] were read and not taken yet, of which an [unfinished] frame is the first or only part. */
    fun limit(outstanding: Int, unfinished: Boolean): Int {
        // An unfinished frame may be longer than a framing of the user's has said.
        val room = maxOf(own - outstanding, if (unfinished) own / (SLACK + 1) else 1)
        val more = if (size > own) lender().left / SLACK else 0
        return minOf(size, room + more).also { asked = it }
    }

    /** Whether there is room for another read beside [outstanding] bytes. */
    fun hasRoom(outstanding: Int): Boolean = outstanding < own

    /** [count] bytes came, and [outstanding] are not taken yet; [behind] when that is not only since a frame is unfinished. */
    fun wasRead(count: Int, outstanding: Int, behind: Boolean) {
        when {
            behind -> size = minOf(own, LARGEST)
            count >= asked && size < LARGEST -> size = minOf(size * 2, LARGEST)
        }
        settle(outstanding)
    }

    /** [outstanding] bytes are not taken yet. */
    fun settle(outstanding: Int) {
        val over = maxOf(0, outstanding - own)
        if (over == borrowed) return
        lender().left -= over - borrowed
        borrowed = over
    }

    private fun lender() = lender ?: ofThisThread.get().also { lender = it }

    /** The bytes that the connections of one thread may keep together beyond their own. */
    private class Lender {
        var left = LENT
    }

    companion object {
        private const val SMALLEST = 1024
        private const val LARGEST = 256 * 1024
        private const val SLACK = 4
        private const val LENT = 1024 * 1024
        private val ofThisThread: ThreadLocal<Lender> = ThreadLocal.withInitial(::Lender)

        /** The bytes that may be kept for frames of at most [frameLimit] bytes: a quarter more. */
        fun share(frameLimit: Int): Int = frameLimit + minOf(frameLimit / SLACK, Int.MAX_VALUE - frameLimit)
    }
}
