// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicLongArray
import java.util.concurrent.atomic.AtomicReferenceArray

/**
 * Measures one loop: the loop's thread tells it of waits and turns, any thread reads.
 *
 * The last ten seconds are kept in pieces of about a second each, so that what the loop does per turn is a handful of additions and
 * stores without fences. Asking for the time costs more than that: as long as turns are very short it is done for several of them together,
 * which makes the [longest][Reading.longest] of them wrong by some microseconds.
 */
internal class LoopMeter {
    private class Piece(val start: Long) {
        val values = AtomicLongArray(PIECE_VALUES).apply { setRelease(END, start) }
    }

    private val totals = AtomicLongArray(TOTAL_VALUES)
    private val pieces = AtomicReferenceArray<Piece>(PIECES)
    private val busySince = AtomicLong(WAITING)

    // Of the loop's thread.
    private var piece = Piece(0)
    private var newest = 0
    private var turnStart = 0L
    private var tasks = 0L
    private var lag = 0L
    private var unmeasured = 0
    private var mayStayUnmeasured = 0

    @Volatile
    private var begun = 0L

    /** The loop begins. */
    fun begin(now: Long) {
        begun = now
        for (i in 0 until PIECES) pieces.set(i, null)
        woke(now)
        newPiece(now)
    }

    /** The loop is going to wait. */
    fun waits() = busySince.setRelease(WAITING)

    /** The waiting is over. */
    fun woke(now: Long) {
        if (now - piece.start >= PIECE_LENGTH) newPiece(now)
        turnStart = now
        unmeasured = 0
        busySince.setRelease(now)
    }

    /** A delayed call is run this late. */
    fun timerLate(nanos: Long) {
        if (nanos > lag) lag = nanos
    }

    /** So many tasks have run. */
    fun tasksRan(count: Int) {
        tasks += count
    }

    /** A turn is over. @return whether it is time for [measure] */
    fun turnEnded(): Boolean {
        totals.addReleased(TURNS, 1)
        if (tasks > 0) {
            totals.addReleased(TASKS, tasks)
            tasks = 0
        }
        return unmeasured++ >= mayStayUnmeasured
    }

    /** Whether turns have ended since the last [measure]. */
    val hasUnmeasured: Boolean get() = unmeasured > 0

    /** Measures the turns that have ended, at the end of the last of them. */
    fun measure(now: Long) {
        val length = now - turnStart
        mayStayUnmeasured = if (length > SHORT_TURN * unmeasured) 0 else TOGETHER
        unmeasured = 0
        turnStart = now
        busySince.setRelease(now)
        totals.addReleased(TOTAL_BUSY, length)
        val values = piece.values
        values.addReleased(BUSY, length)
        if (length > values.getPlain(LONGEST)) values.setRelease(LONGEST, length)
        if (lag > 0) {
            if (lag > values.getPlain(LAG)) values.setRelease(LAG, lag)
            lag = 0
        }
        values.setRelease(END, now)
        if (now - piece.start >= PIECE_LENGTH) newPiece(now)
    }

    private fun newPiece(now: Long) {
        piece = Piece(now)
        newest = (newest + 1) % PIECES
        pieces.setRelease(newest, piece)
    }

    private fun AtomicLongArray.addReleased(index: Int, value: Long) = setRelease(index, getPlain(index) + value)

    /** The measurements until [now]. */
    class Reading(val turns: Long, val tasks: Long, val busy: Long, val ratio: Double, val lag: Long, val longest: Long, val present: Long)

    /** Any thread. */
    fun read(now: Long): Reading {
        val span = (now - begun).coerceIn(0, WINDOW)
        val since = busySince.getAcquire()
        val present = if (since == WAITING) 0 else (now - since).coerceAtLeast(0)
        var busy = present.coerceAtMost(span).toDouble()
        var longest = present
        var lag = 0L
        for (i in 0 until PIECES) {
            val old = pieces.getAcquire(i) ?: continue
            val end = old.values.getAcquire(END)
            if (now - end > span) continue
            val length = end - old.start
            // Time that began before the window counts as far as it is inside.
            if (length > 0) busy += old.values.getAcquire(BUSY) * ((span - (now - end)).coerceAtMost(length) / length.toDouble())
            longest = maxOf(longest, old.values.getAcquire(LONGEST))
            lag = maxOf(lag, old.values.getAcquire(LAG))
        }
        val ratio = if (span == 0L) 0.0 else (busy / span).coerceAtMost(1.0)
        return Reading(
            totals.getAcquire(TURNS),
            totals.getAcquire(TASKS),
            totals.getAcquire(TOTAL_BUSY) + present,
            ratio,
            lag,
            longest,
            present,
        )
    }

    companion object {
        /** How far back [read] looks. */
        val WINDOW = TimeUnit.SECONDS.toNanos(10)

        private const val PIECES = 12
        private val PIECE_LENGTH = TimeUnit.SECONDS.toNanos(1)
        private const val WAITING = Long.MIN_VALUE
        private const val SHORT_TURN = 10_000L // ns
        private const val TOGETHER = 15

        private const val TURNS = 0
        private const val TASKS = 1
        private const val TOTAL_BUSY = 2
        private const val TOTAL_VALUES = 3

        private const val BUSY = 0
        private const val LONGEST = 1
        private const val LAG = 2
        private const val END = 3
        private const val PIECE_VALUES = 4
    }
}
