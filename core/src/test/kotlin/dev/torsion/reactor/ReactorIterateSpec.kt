// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.callLater
import dev.torsion.group.connect
import dev.torsion.net.WrongThreadException
import dev.torsion.nio.Scripted
import dev.torsion.nio.connect
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

class ReactorIterateSpec :
    StringSpec({
        val minute = Duration.ofMinutes(1)

        "the first call begins the reactor on this thread; stop ends it with the last turn" {
            val reactor = Reactor.create()
            val events = ArrayList<String>()
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.STARTUP) { events.add("startup") }
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { events.add("shutdown") }
            reactor.callWhenRunning { events.add("running on this thread: ${reactor.isInReactorThread}") }
            reactor.iterate() shouldBe true
            reactor.isRunning shouldBe true
            events shouldContainExactly listOf("startup", "running on this thread: true")
            reactor.stop()
            reactor.iterate() shouldBe false
            events.last() shouldBe "shutdown"
            reactor.isRunning shouldBe false
            shouldThrow<ReactorNotRestartableException> { reactor.iterate() }
        }

        "without a delay it does not wait for what is not due" {
            val reactor = Reactor.create()
            var ran = false
            reactor.callLater(10.minutes) { ran = true }
            repeat(3) { reactor.iterate() shouldBe true }
            ran shouldBe false
            reactor.delayedCalls().size shouldBe 1
            reactor.stop()
            reactor.iterate()
        }

        "with a delay it waits that long, at most" {
            val reactor = Reactor.create()
            reactor.callLater(10.minutes) {}
            reactor.iterate()
            val begin = System.nanoTime()
            reactor.iterate(Duration.ofMillis(30))
            val waited = System.nanoTime() - begin
            waited shouldBeGreaterThan 25_000_000
            waited shouldBeLessThan 10_000_000_000
            reactor.stop()
            reactor.iterate()
        }

        "a delayed call, a call from a thread and a connection end the wait" {
            val reactor = Reactor.create()
            val events = ArrayList<String>()
            reactor.callLater(5.milliseconds) { events.add("delayed call") }
            while (events.isEmpty()) reactor.iterate(minute)
            thread { reactor.callFromThread { events.add("call from a thread") } }
            while (events.size < 2) reactor.iterate(minute)
            val port = reactor.listenTcp(0, dev.torsion.net.Factory { Scripted(made = { events.add("connection") }) }, "127.0.0.1")
            port.connect().use { while (events.size < 3) reactor.iterate(minute) }
            events shouldContainExactly listOf("delayed call", "call from a thread", "connection")
            reactor.stop()
            while (reactor.iterate(minute)) Thread.onSpinWait()
        }

        "inside a callback it is refused" {
            val refused = CompletableFuture<Throwable>()
            withReactor { reactor ->
                reactor.callFromThread { refused.complete(shouldThrow<IllegalStateException> { reactor.iterate() }) }
                refused.getOrFail().message shouldContain "within itself"
            }
            val byHand = Reactor.create()
            byHand.callWhenRunning { shouldThrow<IllegalStateException> { byHand.iterate() }.also { byHand.crash() } }
            byHand.iterate() shouldBe false
        }

        "another thread is refused, and a negative delay" {
            withReactor { reactor ->
                reactor.onLoop {} // its thread is known
                shouldThrow<WrongThreadException> { reactor.iterate() }
                shouldThrow<IllegalArgumentException> { reactor.onLoop { reactor.iterate(Duration.ofNanos(-1)) } }
            }
        }

        "after a crash it begins anew" {
            val reactor = Reactor.create()
            var startups = 0
            reactor.iterate()
            reactor.crash()
            reactor.iterate() shouldBe true // the crash ended nothing but the loop: this is the next one
            reactor.callWhenRunning { startups++ }
            startups shouldBe 1
            reactor.stop()
            reactor.iterate() shouldBe false
        }

        "a program that iterates holds nothing up: the reactor's threads and futures work between the turns" {
            val reactor = Reactor.create()
            val answered = CountDownLatch(1)
            reactor.callWhenRunning { reactor.deferToThread { "work" }.addCallback { answered.countDown() } }
            while (answered.count > 0) reactor.iterate(Duration.ofMillis(10))
            reactor.stop()
            while (reactor.iterate(minute)) Thread.onSpinWait()
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "a delayed call that is due in a second does not run early" {
            val reactor = HandTurnedReactor()
            var ran = 0L
            reactor.callLater(1.seconds) { ran = reactor.now }
            while (ran == 0L) {
                reactor.iterate()
                reactor.now += 300_000_000
            }
            ran shouldBe 1_200_000_000
        }
    })
