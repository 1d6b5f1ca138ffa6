// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.sweep

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import dev.torsion.testkit.Chunking
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.sweep.SweepRun
import kotlin.time.Duration.Companion.milliseconds

/** Steps of a program: a fault may come in each of them. They end by themselves, or when the program is done. */
internal class Steps(private val run: SweepRun) {
    private var left = MOST
    private var isOver = false

    fun begin() {
        if (isOver || left-- == 0) return
        val time = if (left > LATER) 0.milliseconds else 7.milliseconds
        run.planned(run.reactor.callLater(time) { begin() })
        run.call("step") { }
    }

    fun end() {
        isOver = true
    }

    private companion object {
        const val MOST = 40
        const val LATER = 15
    }
}

/** Cut into small pieces, so that there are many moments. */
internal fun SweepRun.inPieces(most: Int) {
    (reactor as MemoryReactor).network.chunking = Chunking.random(1, most)
}

/** A fault may do [action], once. */
internal fun SweepRun.maybe(name: String, action: () -> Unit) {
    track(name, Deferred<Unit> { action() }.apply { addErrback { } }, endsWithReactor = false)
}

/** Does [action] when the reactor begins to stop. */
internal fun SweepRun.atStop(action: () -> Unit) {
    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
        action()
        null
    }
}
