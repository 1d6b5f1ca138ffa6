// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import java.util.concurrent.CountDownLatch

/** Runs [begin] and then [loop] on a thread of their own; returns once [begin] has returned, and throws what that throws. */
internal fun startLoopThread(name: String, begin: () -> Unit, loop: () -> Unit) {
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

/** Waits in spite of interrupts: a caller that left early would leave a loop behind that nobody knows of. */
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
