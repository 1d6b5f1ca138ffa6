// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.service

import dev.torsion.defer.Deferred
import dev.torsion.defer.Success
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.service.MultiService
import dev.torsion.service.Service
import dev.torsion.service.ServiceStopException
import dev.torsion.service.TimerService
import dev.torsion.testkit.VirtualClock
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import io.kotest.property.Arb
import io.kotest.property.arbitrary.boolean
import io.kotest.property.arbitrary.list
import io.kotest.property.checkAll
import java.time.Duration

private class Noted(
    private val label: String,
    private val events: MutableList<String>,
    private val stops: () -> Deferred<*> = { succeed(Unit) },
    private val starts: () -> Unit = {},
) : Service() {
    override fun onStart() {
        events.add("start $label")
        starts()
    }

    override fun onStop(): Deferred<*> {
        events.add("stop $label")
        return stops()
    }
}

class ServiceSpec :
    StringSpec({
        lateinit var events: ArrayList<String>
        beforeTest { events = ArrayList() }

        fun noted(label: String, stops: () -> Deferred<*> = { succeed(Unit) }, starts: () -> Unit = {}): Service =
            Noted(label, events, stops, starts)

        "it runs from start to stop, and only a change of that calls the hooks" {
            val service = noted("a")
            service.isRunning shouldBe false
            service.stopService().outcomes().shouldContainExactly(Success(Unit))
            service.startService()
            service.startService()
            service.isRunning shouldBe true
            service.stopService().outcomes().shouldContainExactly(Success(Unit))
            service.stopService().outcomes().shouldContainExactly(Success(Unit))
            service.isRunning shouldBe false
            events.shouldContainExactly("start a", "stop a")
        }

        "one that throws when it is started does not run" {
            val service = noted("a", starts = { error("no") })
            shouldThrow<IllegalStateException> { service.startService() }
            service.isRunning shouldBe false
        }

        "started while it stops, it starts once it has stopped; a failure of that start ends it" {
            val ends = Deferred<Unit>()
            var isBroken = false
            val service = noted("a", stops = { ends }, starts = { check(!isBroken) })
            service.startService()
            val stopped = service.stopService().outcomes()
            service.startService()
            events.shouldContainExactly("start a", "stop a")
            isBroken = true
            ends.callback(Unit)
            stopped.shouldContainExactly(Success(Unit))
            events.shouldContainExactly("start a", "stop a", "start a")
            service.isRunning shouldBe false
        }

        "stopped while it starts, it stops once it has started; started again too, it starts again" {
            for (again in listOf(false, true)) {
                events.clear()
                lateinit var service: Service
                var isFirst = true
                val stopped = ArrayList<Any>()
                service =
                    noted("a", starts = {
                        if (isFirst) {
                            isFirst = false
                            service.stopService().addCallback { stopped.add(it) }
                            if (again) service.startService()
                            events.add("begun")
                        }
                    })
                service.startService()
                stopped.shouldContainExactly(Unit)
                service.isRunning shouldBe again
                events.shouldContainExactly(listOf("start a", "begun", "stop a") + if (again) listOf("start a") else emptyList())
                service.stopService()
            }
        }

        "stopped by a start that then fails, it has nothing to stop, and says that it is stopped" {
            lateinit var service: Service
            var stopped = emptyList<Any>()
            service =
                noted("a", starts = {
                    stopped = service.stopService().outcomes()
                    service.startService()
                    error("no")
                })
            shouldThrow<IllegalStateException> { service.startService() }.message shouldBe "no"
            stopped.shouldContainExactly(Success(Unit))
            service.isRunning shouldBe false
            events.shouldContainExactly("start a")
        }

        "a part that stops the whole while it starts stops what is started after it too" {
            val parent = MultiService()
            listOf(noted("a", starts = { parent.stopService() }), noted("b")).forEach(parent::addService)
            parent.startService()
            events.shouldContainExactly("start a", "start b", "stop b", "stop a")
        }

        "a timer whose first call stops it has stopped" {
            lateinit var service: TimerService
            var calls = 0
            service =
                TimerService(VirtualClock(), Duration.ofSeconds(1)) {
                    calls++
                    service.stopService()
                    Unit
                }
            service.startService()
            calls shouldBe 1
            service.isLooping shouldBe false
        }

        "who gives up waiting for a stop leaves the others waiting" {
            val ends = Deferred<Unit>()
            val service = noted("a", stops = { ends })
            service.startService()
            val first = service.stopService()
            val second = service.stopService().outcomes()
            first.cancel()
            first.outcomes()
            second.shouldBeEmpty()
            ends.callback(Unit)
            second.shouldContainExactly(Success(Unit))
        }

        "a name finds a service, is its own, and stays while it has a parent" {
            val parent = MultiService()
            val child = noted("a").apply { name = "web" }
            parent.addService(child)
            parent.getServiceNamed("web") shouldBeSameInstanceAs child
            child.parent shouldBeSameInstanceAs parent
            parent.services.shouldContainExactly(child)
            shouldThrow<IllegalStateException> { parent.addService(noted("b").apply { name = "web" }) }
            shouldThrow<IllegalStateException> { child.name = "other" }
            shouldThrow<IllegalStateException> { MultiService().addService(child) }
            parent.removeService(child)
            child.parent.shouldBeNull()
            parent.services.shouldBeEmpty()
            shouldThrow<NoSuchElementException> { parent.getServiceNamed("web") }
            shouldThrow<IllegalArgumentException> { parent.removeService(child) }
            parent.addService(noted("b").apply { name = "web" })
        }

        "no service is part of itself" {
            val outer = MultiService()
            val inner = MultiService()
            outer.addService(inner)
            shouldThrow<IllegalStateException> { inner.addService(outer) }
            shouldThrow<IllegalStateException> { outer.addService(outer) }
        }

        "what is added to a running one is started, and what is taken out is stopped" {
            val parent = MultiService()
            val early = noted("early")
            parent.addService(early)
            parent.startService()
            val ends = Deferred<Unit>()
            val late = noted("late", stops = { ends })
            parent.addService(late)
            events.shouldContainExactly("start early", "start late")
            val removed = parent.removeService(late).outcomes()
            removed.shouldBeEmpty()
            ends.callback(Unit)
            removed.shouldContainExactly(Success(Unit))
            parent.stopService()
            events.shouldContainExactly("start early", "start late", "stop late", "stop early")
        }

        "one that throws when it is added is not added" {
            val parent = MultiService().apply { startService() }
            val bad = noted("bad", starts = { error("no") })
            shouldThrow<IllegalStateException> { parent.addService(bad) }
            parent.services.shouldBeEmpty()
            bad.parent.shouldBeNull()
        }

        "one that is added while others start is started once" {
            val parent = MultiService()
            parent.addService(noted("a", starts = { parent.addService(noted("b")) }))
            parent.startService()
            events.shouldContainExactly("start a", "start b")
        }

        "when one cannot start, those before it are stopped again" {
            val parent = MultiService()
            listOf(noted("a"), noted("b"), noted("c", starts = { error("no") }), noted("d")).forEach(parent::addService)
            shouldThrow<IllegalStateException> { parent.startService() }.message shouldBe "no"
            events.shouldContainExactly("start a", "start b", "start c", "stop b", "stop a")
            parent.isRunning shouldBe false
        }

        "failures while stopping are collected, and stop no other from stopping" {
            val parent = MultiService()
            val one = IllegalStateException("one")
            val two = IllegalArgumentException("two")
            val first = noted("first", stops = { fail<Unit>(one) })
            val last = noted("last", stops = { throw two })
            listOf(first, noted("middle"), last).forEach(parent::addService)
            parent.startService()
            val error = parent.stopService().outcomes().error().shouldBeInstanceOf<ServiceStopException>()
            error.failures shouldBe mapOf(last to two, first to one)
            error.cause shouldBeSameInstanceAs two
            error.suppressed.toList().shouldContainExactly(one)
            events.takeLast(3).shouldContainExactly("stop last", "stop middle", "stop first")
        }

        "whatever the tree: started in order, stopped in reverse, and ended when all have ended" {
            checkAll(200, Arb.list(Arb.boolean(), 1..12)) { slow ->
                val log = ArrayList<String>()
                val root = MultiService()
                val pending = ArrayList<Deferred<Unit>>()
                var group = root
                slow.forEachIndexed { index, isSlow ->
                    if (index % 3 == 2) group = MultiService().also(root::addService)
                    group.addService(Noted("$index", log, { if (isSlow) Deferred<Unit>().also(pending::add) else succeed(Unit) }))
                }
                root.startService()
                val stopped = root.stopService().outcomes()
                log shouldBe slow.indices.map { "start $it" } + slow.indices.reversed().map { "stop $it" }
                pending.shuffled(kotlin.random.Random(slow.size)).forEach {
                    stopped.shouldBeEmpty()
                    it.callback(Unit)
                }
                stopped.shouldContainExactly(Success(Unit))
            }
        }
    })
