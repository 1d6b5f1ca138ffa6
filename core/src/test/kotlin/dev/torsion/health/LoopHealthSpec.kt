// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.health

import dev.torsion.clock.callLater
import dev.torsion.nio.Scripted
import dev.torsion.nio.connect
import dev.torsion.nio.listen
import dev.torsion.reactor.HandTurnedReactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.awaitOrFail
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class LoopHealthSpec :
    StringSpec({
        val ms = 1_000_000L

        "lag is how late a delayed call ran; a turn takes as long as its callbacks" {
            val reactor = HandTurnedReactor()
            reactor.beginByHand()
            reactor.callLater(10.milliseconds) { reactor.now += 30 * ms }
            reactor.callLater(20.milliseconds) { reactor.now += 5 * ms }
            reactor.now = 10 * ms
            reactor.turnByHand()
            reactor.health().timerLag shouldBe Duration.ZERO
            reactor.turnByHand() // the second was due at 20, and it is 40
            val health = reactor.health()
            health.timerLag shouldBe Duration.ofMillis(20)
            health.longestTurn shouldBe Duration.ofMillis(40) // the ten before it have not been spent waiting
            health.turns shouldBe 2
            health.delayedCalls shouldBe 0
        }

        "tasks that ran and tasks that wait are counted" {
            val reactor = HandTurnedReactor()
            reactor.beginByHand()
            repeat(7) { reactor.callFromThread {} }
            repeat(2) { reactor.callLater(1.seconds) {} }
            reactor.health().waitingTasks shouldBe 7
            reactor.health().delayedCalls shouldBe 2
            reactor.turnByHand()
            reactor.callFromThread {}
            val health = reactor.health()
            health.tasks shouldBe 7
            health.waitingTasks shouldBe 1
        }

        "a listener hears at the end of a turn, once per period, whatever the number of turns" {
            val reactor = HandTurnedReactor()
            val heard = ArrayList<Long>()
            val closed = ArrayList<Long>()
            reactor.addHealthListener(Duration.ofMillis(100)) { from, health ->
                from shouldBe reactor
                heard.add(health.turns)
            }
            val short = reactor.addHealthListener(Duration.ofMillis(40)) { _, health -> closed.add(health.turns) }
            reactor.beginByHand()
            repeat(25) {
                reactor.now += 10 * ms
                reactor.turnByHand()
                if (it == 10) short.close()
            }
            heard shouldContainExactly listOf(10L, 20L)
            closed shouldContainExactly listOf(4L, 8L)
            shouldThrow<IllegalArgumentException> { reactor.addHealthListener(Duration.ZERO) { _, _ -> } }
        }

        "a listener that throws is reported, and called again" {
            val reported = ArrayList<String?>()
            val reactor =
                HandTurnedReactor(
                    options = ReactorOptions(blockedThreshold = Duration.ZERO, errorListener = { _, e ->
                        reported.add(e.message)
                    }),
                )
            reactor.addHealthListener(Duration.ofMillis(1)) { _, _ -> error("listener") }
            reactor.beginByHand()
            repeat(2) {
                reactor.now += ms
                reactor.turnByHand()
            }
            reported shouldContainExactly listOf("listener", "listener")
        }

        "iterate does not count the time that the program spends outside" {
            val reactor = HandTurnedReactor()
            repeat(10) {
                reactor.iterate(Duration.ZERO)
                reactor.now += 90 * ms
                reactor.callLater(0.seconds) { reactor.now += 10 * ms }
            }
            reactor.iterate(Duration.ZERO)
            reactor.health().busyRatio shouldBe (0.1 plusOrMinus 0.01)
        }

        "on a real loop: connections, delayed calls, and an idle loop is not busy" {
            withReactor { reactor ->
                val made = CountDownLatch(3)
                val port = reactor.listen { Scripted(made = { made.countDown() }) }
                val sockets = List(3) { port.connect() }
                made.awaitOrFail()
                reactor.onLoop { reactor.callLater(1000.seconds) {} }
                val health = reactor.onLoop { reactor.health() }
                health.connections shouldBe 3
                health.delayedCalls shouldBe 1
                health.turns shouldBeGreaterThan 0
                sockets.forEach { it.close() }
            }
        }

        "a blocked loop is seen from another thread while it is blocked, with the calls that wait and the pool's" {
            withReactor { reactor ->
                val blocked = CountDownLatch(1)
                val release = CountDownLatch(1)
                reactor.suggestThreadPoolSize(1)
                repeat(3) { reactor.callInThread(release::awaitOrFail) }
                reactor.callFromThread {
                    blocked.countDown()
                    release.awaitOrFail()
                }
                blocked.awaitOrFail()
                repeat(5) { reactor.callFromThread {} }
                val begin = System.nanoTime()
                while (System.nanoTime() - begin < 20 * ms) Thread.onSpinWait()
                val health = reactor.health()
                health.currentTurn shouldBeGreaterThanOrEqualTo Duration.ofMillis(20)
                health.longestTurn shouldBeGreaterThanOrEqualTo health.currentTurn
                health.busyRatio shouldBeGreaterThan 0.0
                health.waitingTasks shouldBe 5
                health.poolThreads shouldBe 1
                health.poolWaiting shouldBe 2
                health.toString() shouldContain "5 tasks waiting"
                release.countDown()
            }
        }

        "on a real loop the listener runs on the reactor's thread" {
            withReactor { reactor ->
                val onLoop = CompletableFuture<Boolean>()
                reactor.onLoop { reactor.addHealthListener(Duration.ofNanos(1)) { from, _ -> onLoop.complete(from.inLoop) } }
                reactor.callFromThread {}
                onLoop.getOrFail() shouldBe true
            }
        }
    })
