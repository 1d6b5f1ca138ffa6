// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.clock.callLater
import dev.torsion.defer.UnhandledFailures
import dev.torsion.net.InternetAddress
import dev.torsion.reactor.ReactorNotRestartableException
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.SystemCalls
import java.net.InetSocketAddress
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.minutes

/** Runs [program] once, with the fault of [plan], and looks at what is left. */
internal class SweptRun(private val program: SweepProgram, private val plan: Plan?, private val witness: Witness) {
    lateinit var points: List<Point>
        private set

    /** The stack at the point of the fault. */
    var site: List<StackTraceElement> = emptyList()
        private set

    private val wrong = LinkedHashSet<String>()
    private var isGivenUp = false

    /** The problems. */
    fun run(): List<String> {
        witness.clear()
        val thread = Thread(::onThread, "sweep").apply { isDaemon = true }
        thread.start()
        thread.join(TimeUnit.SECONDS.toMillis(MOST_SECONDS))
        if (!thread.isAlive) return wrong.toList()
        val stack = thread.stackTrace.joinToString("") { "\n        at $it" }
        thread.interrupt()
        return listOf("it hangs:$stack")
    }

    private fun onThread() {
        try {
            UnhandledFailures.beginTurn()
            try {
                inTurn()
            } finally {
                UnhandledFailures.endTurn()
            }
        } catch (e: Throwable) {
            wrong.add("the sweep itself has failed with ${Witness.describe(e)}")
        }
    }

    private fun inTurn() {
        val reactor = MemoryReactor { _, _ -> }
        val run = SweepRun(reactor, plan) { transport -> reactor.network.reset((transport.host() as InternetAddress).socketAddress()) }
        reactor.network.addHost("server.test", "127.0.0.1", "::1")
        limit(run, reactor)
        reactor.network.calls = Calls(run, reactor)
        val thrown = listOfNotNull(begin(run)) + drive(reactor)
        reactor.network.calls = SystemCalls { }
        run.lastActions.forEach(Runnable::run)
        points = run.points
        site = run.site
        if (plan != null && !run.isInjected) wrong.add("the run did not come to this point: it is not deterministic")
        if (!run.isCutShort) wrong.addAll(run.leftovers() + reactor.callsLeft(run))
        wrong.addAll(reactor.network.resources.map { "$it is open" })
        UnhandledFailures.endTurn() // to report what is left now
        UnhandledFailures.beginTurn()
        wrong.addAll(witness.complaints(run, thrown.firstOrNull()))
    }

    private fun begin(run: SweepRun): Throwable? = try {
        program.begin(run)
        null
    } catch (e: Throwable) {
        run.heard(e) // by whoever has called it
        if (e === run.injected || run.injected in generateSequence(e) { it.cause }) null else e
    }

    /** Stops the program if need be, and gives it up when it does not stop. */
    private fun limit(run: SweepRun, reactor: MemoryReactor) {
        run.planned(reactor.callLater(STOP_AFTER) { reactor.stopFromThread() })
        run.planned(
            reactor.callLater(GIVE_UP_AFTER) {
                wrong.add("the reactor was asked to stop and has not ended: $reactor")
                reactor.crash()
            },
        )
    }

    private fun drive(reactor: MemoryReactor): List<Throwable> {
        val thrown = ArrayList<Throwable>()
        repeat(MOST_CRASHES) {
            try {
                reactor.run()
            } catch (_: ReactorNotRestartableException) {
                return thrown
            } catch (e: Throwable) {
                thrown.add(e)
            }
            if (isGivenUp) return thrown
            if (reactor.isRunning) wrong.add("the loop has ended, but isRunning is true")
        }
        wrong.add("the loop ends and is not at its end: $reactor")
        return thrown
    }

    private fun MemoryReactor.callsLeft(run: SweepRun) = delayedCalls().filter { it !in run.own }.map { "a delayed call is left: $it" }

    /** Each call is a point; a loop that runs on and on at one instant is ended. */
    private inner class Calls(private val run: SweepRun, private val reactor: MemoryReactor) : SystemCalls {
        private var instant = -1L
        private var count = 0

        override fun calling(name: String) {
            if (name == "select") count()
            run.pass(name, Kind.SYSTEM)
        }

        private fun count() {
            val now = reactor.clock.nanoTime()
            count = if (now == instant) count + 1 else 0
            instant = now
            if (count < MOST_TURNS) return
            count = 0
            wrong.add("the loop spins")
            isGivenUp = true
            reactor.crash()
        }
    }

    private companion object {
        const val MOST_SECONDS = 10L
        const val MOST_CRASHES = 5
        const val MOST_TURNS = 5_000
        val STOP_AFTER = 2.minutes
        val GIVE_UP_AFTER = 10.minutes

        fun InternetAddress.socketAddress() = InetSocketAddress(host, port)
    }
}
