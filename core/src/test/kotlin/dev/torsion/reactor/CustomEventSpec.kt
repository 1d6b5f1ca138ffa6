// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.net.WrongThreadException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain

/** Events that the program names and fires itself; their phases are those of `TriggerVectorsSpec`. */
class CustomEventSpec :
    StringSpec({
        "the triggers of an event of one's own run by phase, once, each time it is fired" {
            val reactor = Reactor.create()
            val order = ArrayList<String>()
            for (phase in listOf(Phase.AFTER, Phase.BEFORE, Phase.DURING)) {
                reactor.addSystemEventTrigger(phase, "reload") { order.add("$phase") }
            }
            reactor.fireSystemEvent("reload")
            order shouldContainExactly listOf("BEFORE", "DURING", "AFTER")
            reactor.fireSystemEvent("reload")
            order.size shouldBe 3
            reactor.addSystemEventTrigger(Phase.DURING, "reload") { order.add("again") }
            reactor.fireSystemEvent("another")
            reactor.fireSystemEvent("reload")
            order.drop(3) shouldContainExactly listOf("again")
        }

        "a Deferred of a before-trigger holds up the rest, which its callback runs" {
            val reactor = Reactor.create()
            val order = ArrayList<String>()
            val ready = Deferred<Unit>()
            reactor.addSystemEventTrigger(Phase.BEFORE, "reload") { ready }
            reactor.addSystemEventTrigger(Phase.DURING, "reload") { order.add("during") }
            reactor.fireSystemEvent("reload")
            order.add("fired")
            ready.callback(Unit)
            order shouldContainExactly listOf("fired", "during")
        }

        "an event whose triggers have run or were removed leaves nothing behind, and one that is under way is kept" {
            val events = SystemEvents { _, error -> throw error }
            repeat(100) {
                events.of("event $it").add(Phase.DURING) {}
                events.fire("event $it")
                events.remove(events.of("other $it").add(Phase.AFTER) {})
            }
            events.namedCount shouldBe 0
            val order = ArrayList<String>()
            val ready = Deferred<Unit>()
            events.of("reload").add(Phase.BEFORE) { ready }
            events.fire("reload")
            events.of("reload").add(Phase.DURING) { order.add("added while it was under way") }
            ready.callback(Unit)
            order shouldContainExactly listOf("added while it was under way")
            events.namedCount shouldBe 0
            val handle = events.of("reload").add(Phase.DURING) {}
            events.remove(handle)
            shouldThrow<IllegalArgumentException> { events.remove(handle) }.message shouldContain "removed before"
        }

        "what a trigger throws is reported, and the others run; one that was removed does not" {
            val reported = ArrayList<String>()
            val reactor = Reactor.create(ReactorOptions(errorListener = { context, error -> reported.add("$context: ${error.message}") }))
            val order = ArrayList<String>()
            reactor.addSystemEventTrigger(Phase.DURING, "reload") { error("broken") }
            val removed = reactor.addSystemEventTrigger(Phase.DURING, "reload") { order.add("removed") }
            reactor.addSystemEventTrigger(Phase.DURING, "reload") { order.add("runs") }
            shouldThrow<IllegalArgumentException> { Reactor.create().removeSystemEventTrigger(removed) }
            reactor.removeSystemEventTrigger(removed)
            shouldThrow<IllegalArgumentException> { reactor.removeSystemEventTrigger(removed) }
            reactor.fireSystemEvent("reload")
            order shouldContainExactly listOf("runs")
            reported shouldContainExactly listOf("a trigger during reload failed: broken")
        }

        "startup and shutdown by their names are the reactor's own, which it fires itself" {
            val reactor = Reactor.create()
            val order = ArrayList<String>()
            reactor.addSystemEventTrigger(Phase.BEFORE, "startup") { order.add("startup") }
            reactor.addSystemEventTrigger(Phase.BEFORE, "shutdown") { order.add("shutdown") }
            shouldThrow<IllegalArgumentException> { reactor.fireSystemEvent("shutdown") }.message shouldContain "stop"
            shouldThrow<IllegalArgumentException> { reactor.addSystemEventTrigger(Phase.BEFORE, " ") {} }
            reactor.callWhenRunning(reactor::stop)
            reactor.run()
            order shouldContainExactly listOf("startup", "shutdown")
        }

        "both belong to the reactor's thread" {
            withReactor { reactor ->
                reactor.onLoop {}
                shouldThrow<WrongThreadException> { reactor.fireSystemEvent("reload") }
                shouldThrow<WrongThreadException> { reactor.addSystemEventTrigger(Phase.DURING, "reload") {} }
            }
        }
    })
