// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import java.util.concurrent.CountDownLatch

/** Runs [begin] and then [loop] on a thread of their own; returns once [begin] has returned, and throws what that throws. */
internal fun startLoopThread(
    name: String,
    begin: () -> Unit,
    loop: () -> Unit,
) {
    val hasBegun = CountDownLatch(1)
    var refused: Throwable? = null
    val thread =
        Thread({
            try {
                begin()
            } catch (e: Throwable) {
                refused = e
            } finally {
                hasBegun.countDown()
            }
            if (refused == null) loop()
        }, name)
    thread.start()
    hasBegun.awaitUninterrupted()
    refused?.let { throw it }
}

/** Waits whatever interrupts say: who left early would leave a loop behind that nobody knows of. */
private fun CountDownLatch.awaitUninterrupted() {
    var wasInterrupted = false
    while (true) {
        try {
            await()
            break
        } catch (_: InterruptedException) {
            wasInterrupted = true
        }
    }
    if (wasInterrupted) Thread.currentThread().interrupt()
}

/**
 * How the startup and the shutdown go on: each step is taken at the end of a turn, one in a turn, and never in the turn in which it was
 * added. Both may have one: a reactor can be stopped while its startup still waits. Belongs to the loop's thread.
 */
internal class NextSteps {
    private val steps = ArrayDeque<Runnable>()
    private var isForLater = false

    /** Asked in each turn. */
    val isEmpty: Boolean get() = steps.isEmpty()

    /** [isInTurn]: the present turn is not the one. */
    fun add(
        step: Runnable,
        isInTurn: Boolean,
    ) {
        steps.addLast(step)
        isForLater = isInTurn
    }

    /** The end of a turn. */
    fun take() {
        if (isForLater) {
            isForLater = false
        } else {
            steps.removeFirstOrNull()?.run()
        }
    }

    fun forget() {
        steps.clear()
    }
}
