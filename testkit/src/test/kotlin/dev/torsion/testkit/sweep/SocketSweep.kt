// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.clock.callLater
import dev.torsion.name.BlockingHostResolver
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorNotRestartableException
import dev.torsion.reactor.ReactorOptions
import java.net.InetAddress
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/**
 * The smaller sweep, on sockets of the loopback: faults in the calls of a program's code only. Log events belong to no run here, for
 * several runs go on at a time; the reactor tells the reports.
 */
internal class SocketSweep(private val name: String, private val program: SweepProgram) {
    /** The names of the runs in which something was wrong, and what. */
    fun run(): List<String> {
        val first = OneRun(null)
        first.run().let { wrong -> check(wrong.isEmpty()) { "$name is wrong without any fault: $wrong" } }
        val plans = first.points.filter { it.kind != Kind.SYSTEM && it.isOnLoop }.flatMap(::plans)
        val threads = Executors.newFixedThreadPool(AT_ONCE)
        try {
            val runs = plans.map { plan -> threads.submit(Callable { plan to OneRun(plan).run() }) }
            return runs.map {
                it.get(MOST_SECONDS, TimeUnit.SECONDS)
            }.filter { it.second.isNotEmpty() }.map { (plan, wrong) -> "$plan: $wrong" }
        } finally {
            threads.shutdownNow()
        }
    }

    private fun plans(point: Point): List<Plan> {
        val hits = point.connections.flatMap { listOf(Hit(Hit.How.CLOSE, it), Hit(Hit.How.ABORT, it)) }
        val faults = listOf(Thrown.RUNTIME, Thrown.UNSPEAKABLE, Thrown.CANCELLATION, Thrown.OUT_OF_MEMORY) + Act.entries + hits
        return (faults + point.flying.map { Hit(Hit.How.CANCEL, it) }).map { Plan(point, it) }
    }

    private inner class OneRun(private val plan: Plan?) {
        val points = ArrayList<Point>()
        private val wrong = LinkedHashSet<String>()
        private val reported = CopyOnWriteArrayList<Throwable>()

        fun run(): List<String> {
            val reactor = Reactor.create(OPTIONS.errorListener { _, error -> reported.add(error) }.build())
            val run = SweepRun(reactor, plan) { }
            begin(run)
            run.planned(reactor.callLater(STOP_AFTER) { reactor.stopFromThread() })
            run.planned(
                reactor.callLater(GIVE_UP_AFTER) {
                    wrong.add("it was asked to stop and has not ended: $reactor")
                    reactor.crash()
                },
            )
            drive(reactor)
            Thread.interrupted()
            points.addAll(run.points)
            if (run.isInjected) wrong.addAll(run.leftovers())
            val injected = run.injected
            if (injected != null && (reported + run.told).none { injected in generateSequence(it) { e -> e.cause }.take(MOST_CAUSES) }) {
                wrong.add("the error is lost")
            }
            return wrong.toList()
        }

        private fun begin(run: SweepRun) {
            try {
                program.begin(run)
            } catch (e: Throwable) {
                run.heard(e)
            }
        }

        private fun drive(reactor: Reactor) {
            repeat(MOST_CRASHES) {
                try {
                    reactor.run()
                } catch (_: ReactorNotRestartableException) {
                    return
                }
                if (reactor.isRunning) wrong.add("the loop has ended, but isRunning is true")
            }
            wrong.add("the loop ends and is not at its end: $reactor")
        }
    }

    private companion object {
        const val AT_ONCE = 8
        const val MOST_SECONDS = 60L
        const val MOST_CRASHES = 5
        const val MOST_CAUSES = 20
        val STOP_AFTER = 300.milliseconds
        val GIVE_UP_AFTER = 10.seconds
        val OPTIONS: ReactorOptions.Builder
            get() =
                ReactorOptions.builder()
                    .shutdownTimeout(Duration.ZERO)
                    .resolver(BlockingHostResolver { listOf(InetAddress.getLoopbackAddress()) })
    }
}
