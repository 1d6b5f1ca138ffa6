// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

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

/** How the startup or the shutdown goes on, at the end of a turn that begins after it was set. Belongs to the loop's thread. */
internal class NextStep {
    private var step: Runnable? = null
    private var isForLater = false

    /** Asked in each turn. */
    val isThere: Boolean get() = step != null

    /** [isInTurn]: the present turn is not the one. */
    fun set(
        step: Runnable,
        isInTurn: Boolean,
    ) {
        this.step = step
        isForLater = isInTurn
    }

    /** The end of a turn. */
    fun take() {
        if (isForLater) {
            isForLater = false
        } else {
            step.also { step = null }?.run()
        }
    }

    fun forget() {
        step = null
    }
}
