// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.defer.Parking
import dev.torsion.defer.park
import dev.torsion.loop.EventLoop

/**
 * Where one coroutine of the loop waits for work. It goes on in a task of its own, never inside the call that rings; what was rung
 * while nobody waited is forgotten, so look for work before waiting.
 */
internal class Bell(private val loop: EventLoop) {
    private var waiting: Parking<Unit>? = null

    suspend fun await(): Unit = park(cancelled = {}) { waiting = it }

    fun ring() {
        val rung = waiting ?: return
        waiting = null
        loop.runSoon { rung.resume(Unit) }
    }
}
