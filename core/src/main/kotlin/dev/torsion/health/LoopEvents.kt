// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import java.time.Duration

/** Where the events for the JVM's flight recorder go; nowhere in a runtime that was made without the module `jdk.jfr`. */
internal interface LoopEvents {
    /** [loop] runs: its health is recorded, periodically, until [ended]. */
    fun begun(loop: LoopMonitor) = Unit

    fun ended(loop: LoopMonitor) = Unit

    /** A callback holds the loop. */
    fun blocked(name: String, blockedFor: Duration, stack: Array<StackTraceElement>) = Unit

    /** A callback has thrown. */
    fun callbackFailed(name: String, context: String, error: Throwable) = Unit

    private object None : LoopEvents

    companion object {
        // JfrLoopEvents is not even loaded where it cannot be.
        val recorder: LoopEvents = if (ModuleLayer.boot().findModule("jdk.jfr").isPresent) JfrLoopEvents else None
    }
}
