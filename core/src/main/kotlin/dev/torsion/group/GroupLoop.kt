// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.defer.LoopExecutor
import dev.torsion.loop.LoopState
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.whenCrashed
import java.util.concurrent.atomic.AtomicBoolean

/** The loop of a group's futures: they are completed by its reactor [home], which needs all [members] for that. */
internal class GroupLoop(val home: Reactor, private val members: List<Reactor>) : LoopExecutor {
    override val inLoop: Boolean get() = home.isInReactorThread

    override val inTurn: Boolean get() = home.inTurn

    override val mustNotBlock: Boolean get() = members.any { it.isInReactorThread }

    override fun execute(command: Runnable): Unit = home.execute(command)

    /** Runs [last] on the thread of [home], or here when that has ended or crashed; at the latest when it crashes. */
    fun finish(last: Runnable) {
        val hasRun = AtomicBoolean()
        val once = Runnable { if (hasRun.compareAndSet(false, true)) last.run() }
        val watch = home.whenCrashed(once)
        val isTaken =
            home.runSoon {
                watch.close()
                once.run()
            }
        if (isTaken && home.state != LoopState.CRASHED) return
        watch.close()
        once.run()
    }
}
