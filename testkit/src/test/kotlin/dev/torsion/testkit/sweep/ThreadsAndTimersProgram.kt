// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.clock.Cooperator
import dev.torsion.clock.LoopingCall
import dev.torsion.clock.addTimeout
import dev.torsion.clock.deferLater
import dev.torsion.clock.start
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredList
import dev.torsion.defer.maybeAsyncDeferred
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.callMultipleInThread
import dev.torsion.reactor.resolve
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

/** Timers, loops, calls from and to threads, names, and triggers of every phase. */
internal class ThreadsAndTimersProgram(private val run: SweepRun) {
    private val reactor = run.reactor

    fun begin() {
        for (phase in Phase.entries) {
            trigger(phase, SystemEvent.STARTUP)
            trigger(phase, SystemEvent.SHUTDOWN)
        }
        reactor.addHealthListener(Duration.ofSeconds(1)) { _, _ -> run.call("health listener") { } }
        reactor.callWhenRunning { run.call("callWhenRunning") { work() } }
    }

    private fun trigger(phase: Phase, event: SystemEvent) {
        reactor.addSystemEventTrigger(phase, event) {
            run.call("trigger $phase $event") {
                if (phase == Phase.BEFORE) run.pause(1.seconds) else null
            }
        }
    }

    private fun work() {
        val parts =
            listOf(
                run.track(
                    "deferLater",
                    run.planning {
                        reactor.deferLater(1.seconds) { run.call("deferLater") { 1 } }
                    },
                    endsWithReactor = false,
                ),
                run.track("loop", loop().also { run.atEnd(it::cancel) }, endsWithReactor = false),
                run.track("deferToThread", maybeAsyncDeferred { reactor.deferToThread { run.call("in thread") { 2 } } }),
                run.track("resolve", maybeAsyncDeferred { reactor.resolve("server.test") }),
                run.track("resolve", maybeAsyncDeferred { reactor.resolve("example.org") }),
                run.track("timeout", run.planning { Deferred<Int>().addTimeout(Duration.ofSeconds(2), reactor) }, endsWithReactor = false),
                run.track("cooperate", cooperate(), endsWithReactor = false),
            )
        run.track("all", DeferredList(parts, consumeErrors = true), endsWithReactor = false).addBoth { run.stop() }
        run.planned(reactor.callLater(1, TimeUnit.SECONDS) { run.call("callLater") { } })
        reactor.callInThread { run.call("callInThread") { reactor.callFromThread { run.call("callFromThread") { } } } }
        reactor.callMultipleInThread(listOf(Runnable { run.call("callMultipleInThread") { } }, Runnable { }))
    }

    private fun loop(): Deferred<*> {
        var count = 0
        lateinit var calls: LoopingCall
        calls = LoopingCall(reactor) { run.call("loop") { if (++count == 3 && calls.isRunning) calls.stop() } }
        return calls.start(1.seconds)
    }

    private fun cooperate(): Deferred<*> {
        var left = 3
        val steps = generateSequence { if (left-- > 0) run.call<String?>("cooperate") { "step" } else null }
        val cooperator = Cooperator(reactor)
        run.atEnd(cooperator::stop)
        return cooperator.cooperate(steps.iterator()).whenDone()
    }
}
