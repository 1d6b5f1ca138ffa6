// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.loop.EventLoop
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.resume

/**
 * Where one coroutine of the loop waits for work. It goes on in a task of its own, never inside the call that rings; what was rung
 * while nobody waited is forgotten, so look for work before waiting.
 */
internal class Bell(private val loop: EventLoop) {
    private var waiting: CancellableContinuation<Unit>? = null

    suspend fun await() = suspendCancellableCoroutine { waiting = it }

    fun ring() {
        val rung = waiting ?: return
        waiting = null
        loop.runSoon { rung.resume(Unit) }
    }
}
