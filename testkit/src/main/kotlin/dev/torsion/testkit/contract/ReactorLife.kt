// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.loop.LoopState
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.reactor.Phase
import dev.torsion.reactor.ReactorAlreadyRunningException
import dev.torsion.reactor.ReactorNotRestartableException
import dev.torsion.reactor.SystemEvent
import java.time.Duration
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit

internal class BrokenCall : RuntimeException("broken by the check")

internal val lifeCycle: ReactorChecks =
    reactorChecks {
        "it goes through its states, and counts as running between the before-triggers of its startup and of its shutdown" {
            fun look() = note("${reactor.state} ${reactor.isRunning}")
            on(Phase.BEFORE, SystemEvent.STARTUP) { look() }
            on(Phase.DURING, SystemEvent.STARTUP) { look() }
            on(Phase.BEFORE, SystemEvent.SHUTDOWN) { look() }
            on(Phase.DURING, SystemEvent.SHUTDOWN) { look() }
            look()
            run {
                stop()
                look()
            }
            look()
            expectStory(
                "NEW false",
                "STARTING false",
                "RUNNING true",
                "STOPPING true",
                "STOPPING true",
                "ENDING false",
                "ENDED false",
            )
        }

        "to stop what does not run, or what stops already, is refused; from a thread it does nothing" {
            expectThrows<ReactorNotRunningException> { reactor.stop() }
            expectThrows<ReactorNotRunningException> { reactor.crash() }
            reactor.stopFromThread()
            run {
                stop()
                expectThrows<ReactorNotRunningException> { stop() }
                stopFromThread()
            }
            expectThrows<ReactorNotRunningException> { reactor.stop() }
            reactor.stopFromThread()
            expectEqual(reactor.state, LoopState.ENDED, "the state")
        }

        "it runs once at a time, and never again after it has stopped" {
            run {
                expectThrows<ReactorAlreadyRunningException> { run() }
                stop()
            }
            expectThrows<ReactorNotRestartableException> { reactor.run() }
            expectThrows<ReactorNotRestartableException> { reactor.start() }
        }

        "a thread may stop it" {
            run { callInThread { stopFromThread() } }
            expectEqual(reactor.state, LoopState.ENDED, "the state")
        }

        "crash ends the loop after the turn, without shutdown triggers, and it runs again with what it had" {
            on(Phase.BEFORE, SystemEvent.SHUTDOWN) { note("shutdown") }
            run {
                callLater(0, TimeUnit.SECONDS) {
                    callFromThread { note("same turn") }
                    crash()
                    callLater(5, TimeUnit.MILLISECONDS) {
                        note("later call")
                        stop()
                    }
                }
            }
            expectStory("same turn")
            expectEqual(reactor.state, LoopState.CRASHED, "the state")
            expectEqual(reactor.isRunning, false, "isRunning")
            run()
            expectStory("same turn", "later call", "shutdown")
        }

        "crash while it stops ends it for good, and waits for nothing" {
            on(Phase.BEFORE, SystemEvent.SHUTDOWN) { Deferred<Unit>() }
            on(Phase.DURING, SystemEvent.SHUTDOWN) { note("during") }
            run {
                stop()
                callLater(5, TimeUnit.MILLISECONDS) { crash() }
            }
            expectEqual(reactor.state, LoopState.ENDED, "the state")
            expectStory()
        }

        "turn by turn, in somebody else's loop" {
            on(Phase.AFTER, SystemEvent.STARTUP) { note("startup") }
            on(Phase.AFTER, SystemEvent.SHUTDOWN) { note("shutdown") }
            expectEqual(reactor.iterate(Duration.ZERO), true, "whether it goes on")
            reactor.callFromThread {
                note("call")
                expectThrows<IllegalStateException> { reactor.iterate(Duration.ZERO) }
            }
            expectEqual(reactor.iterate(Duration.ZERO), true, "whether it goes on")
            reactor.stop()
            do {
                val goesOn = reactor.iterate(Duration.ofMillis(1))
            } while (goesOn)
            expectEqual(reactor.state, LoopState.ENDED, "the state")
            expectStory("startup", "call", "shutdown")
            expectThrows<ReactorNotRestartableException> { reactor.iterate(Duration.ZERO) }
        }

        "stopAndJoin releases one that has never run: its shutdown triggers run, and no others" {
            on(Phase.BEFORE, SystemEvent.STARTUP) { note("startup") }
            on(Phase.DURING, SystemEvent.SHUTDOWN) { note("shutdown") }
            expectEqual(reactor.stopAndJoin(Duration.ofSeconds(ReactorScene.MOST_SECONDS)), true, "whether it has ended")
            expectEqual(reactor.state, LoopState.ENDED, "the state")
            expectStory("shutdown")
            expectEqual(reactor.stopAndJoin(Duration.ZERO), true, "whether it has ended")
        }

        "stopAndJoin on its own thread is refused" {
            run {
                expectThrows<IllegalStateException> { stopAndJoin(Duration.ofSeconds(1)) }
                stop()
            }
        }

        "what a callback throws is reported, and the loop goes on" {
            val broken = BrokenCall()
            run {
                callFromThread { throw broken }
                callFromThread {
                    note("next call")
                    stop()
                }
            }
            expectStory("next call")
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "others report their errors to it" {
            val broken = BrokenCall()
            run {
                reportError("a check has failed", broken)
                stop()
            }
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "a call when it runs is made at once; before that, at the end of the startup, in order" {
            on(Phase.AFTER, SystemEvent.STARTUP) { note("trigger") }
            reactor.callWhenRunning { note("first") }
            reactor.callWhenRunning {
                note("second")
                reactor.callWhenRunning { note("at once") }
                note("third")
                reactor.stop()
            }
            run()
            expectStory("trigger", "first", "second", "at once", "third")
        }

        "after the end nothing is taken" {
            run { stop() }
            expectThrows<ReactorNotRunningException> { reactor.callFromThread {} }
            expectThrows<RejectedExecutionException> { reactor.execute {} }
            expectEqual(reactor.isInReactorThread, false, "isInReactorThread")
        }
    }
