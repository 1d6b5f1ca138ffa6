// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import java.util.concurrent.TimeUnit

internal val triggers: ReactorChecks =
    reactorChecks {
        "triggers run phase by phase, and within a phase in the order in which they were added" {
            for (event in listOf(SystemEvent.SHUTDOWN, SystemEvent.STARTUP)) {
                for (phase in Phase.entries.reversed()) for (number in 1..2) on(phase, event) { note("$event $phase $number") }
            }
            run { stop() }
            val events = listOf(SystemEvent.STARTUP, SystemEvent.SHUTDOWN)
            expectEqual(
                story.toList(),
                events.flatMap { event -> Phase.entries.flatMap { phase -> (1..2).map { "$event $phase $it" } } },
                "the triggers",
            )
        }

        "a Deferred of a before-trigger holds up the rest, while the loop goes on" {
            fun held(event: SystemEvent) = on(Phase.BEFORE, event) {
                Deferred<Unit>().also { result ->
                    reactor.callLater(5, TimeUnit.MILLISECONDS) {
                        note("$event: fires")
                        result.callback(Unit)
                        note("$event: goes on")
                    }
                }
            }
            held(SystemEvent.STARTUP)
            held(SystemEvent.SHUTDOWN)
            on(Phase.DURING, SystemEvent.STARTUP) { note("startup") }
            on(Phase.DURING, SystemEvent.SHUTDOWN) { note("shutdown") }
            run { stop() }
            expectStory("STARTUP: fires", "STARTUP: goes on", "startup", "SHUTDOWN: fires", "SHUTDOWN: goes on", "shutdown")
        }

        "a trigger that throws, and one whose Deferred fails, are reported, and the others run" {
            val broken = BrokenCall()
            val failed = BrokenCall()
            on(Phase.BEFORE, SystemEvent.SHUTDOWN) { throw broken }
            on(Phase.BEFORE, SystemEvent.SHUTDOWN) { Deferred<Unit>().also { it.errback(failed) } }
            on(Phase.BEFORE, SystemEvent.SHUTDOWN) { note("before") }
            on(Phase.AFTER, SystemEvent.SHUTDOWN) { note("after") }
            run { stop() }
            expectStory("before", "after")
            expectEqual(takeErrors(), listOf<Throwable>(broken, failed), "reported errors")
        }

        "a trigger that was removed does not run, and cannot be removed twice" {
            val handle = on(Phase.DURING, SystemEvent.SHUTDOWN) { note("removed") }
            on(Phase.DURING, SystemEvent.SHUTDOWN) { note("stays") }
            reactor.removeSystemEventTrigger(handle)
            expectThrows<IllegalArgumentException> { reactor.removeSystemEventTrigger(handle) }
            run { stop() }
            expectStory("stays")
        }

        "a program has events of its own" {
            run {
                addSystemEventTrigger(Phase.AFTER, "reload") { note("after") }
                addSystemEventTrigger(Phase.BEFORE, "reload") { note("before") }
                fireSystemEvent("reload")
                fireSystemEvent("reload")
                expectThrows<IllegalArgumentException> { fireSystemEvent("shutdown") }
                stop()
            }
            expectStory("before", "after")
        }
    }
