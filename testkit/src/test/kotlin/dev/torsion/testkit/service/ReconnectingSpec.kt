// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.service

import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.service.ReconnectingClientFactory
import dev.torsion.service.RetryPolicy
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.testkit.runFor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.comparables.shouldBeBetween
import io.kotest.matchers.shouldBe
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.long
import io.kotest.property.arbitrary.numericDouble
import io.kotest.property.checkAll
import java.time.Duration
import java.util.SplittableRandom
import java.util.random.RandomGenerator
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val half = RandomGenerator { 1L shl 63 } // nextDouble() is 0.5

/** The delays between attempts: [RetryPolicy] and [ReconnectingClientFactory]. */
class ReconnectingSpec :
    StringSpec({
        val torsion = extension(TorsionSpecExtension())

        "the delay grows to its maximum, as Twisted's" {
            val policy = RetryPolicy.backoff(Duration.ofSeconds(1), Duration.ofSeconds(60), 1.5, Duration.ofSeconds(2), half)
            policy.delay(0) shouldBe Duration.ofSeconds(2)
            policy.delay(1) shouldBe Duration.ofMillis(2500)
            policy.delay(10) shouldBe Duration.ofNanos(58_665_039_062)
            for (many in listOf(20, 100, 1751, 1_000_000, Int.MAX_VALUE)) policy.delay(many) shouldBe Duration.ofSeconds(61)
            RetryPolicy.backoff(factor = 1e10, jitter = Duration.ZERO).delay(1751) shouldBe Duration.ofSeconds(60)
            shouldThrow<IllegalArgumentException> { RetryPolicy.backoff(factor = 0.5) }
            shouldThrow<IllegalArgumentException> { RetryPolicy.backoff(initialDelay = Duration.ofSeconds(-1)) }
            shouldThrow<IllegalArgumentException> { RetryPolicy.backoff(jitter = Duration.ofSeconds(-1)) }
        }

        "the log says why it connects again, and when" {
            val factory = ReconnectingClientFactory(torsion.reactor) { object : Protocol() {} }
            factory.jitter = 0.0
            factory.factor = 1.0
            factory.initialDelay = Duration.ofMillis(1_500)
            val connector = torsion.reactor.connectTcp("127.0.0.1", 9, factory)
            torsion.reactor.flush()
            torsion.logs.messages().last { "Stopping" !in it } shouldBe
                "ReconnectingClientFactory: will connect to 127.0.0.1:9 again in 1.5 s: " +
                "Connection to 127.0.0.1:9 was refused: nobody listens there. " +
                "(java.net.ConnectException: Connection refused)"
            factory.stopTrying()
            connector.state shouldBe Connector.State.DISCONNECTED
        }

        "whatever its parameters, the delay stays within its bounds and the same seed gives the same delays" {
            checkAll(1000, Arb.long(0L..1000), Arb.long(0L..100_000), Arb.numericDouble(1.0, 10.0), Arb.long(0L..5000), Arb.int(1..5000)) {
                    initial,
                    max,
                    factor,
                    jitter,
                    attempts,
                ->
                fun policy() = RetryPolicy.backoff(
                    Duration.ofMillis(initial),
                    Duration.ofMillis(max),
                    factor,
                    Duration.ofMillis(jitter),
                    SplittableRandom(7),
                )
                val least = minOf(initial, max) * 1_000_000
                policy().delay(attempts).toNanos().shouldBeBetween(least, (max + jitter) * 1_000_000)
                policy().delay(attempts) shouldBe policy().delay(attempts)
            }
        }

        "a factory connects again after ever longer delays, and gives up after so many" {
            val reactor = torsion.reactor
            val factory = ReconnectingClientFactory(reactor) { object : Protocol() {} }
            factory.jitter = 0.0
            factory.factor = 2.0
            factory.maxDelay = Duration.ofSeconds(5)
            factory.maxRetries = 4
            val connector = reactor.connectTcp("127.0.0.1", 8007, factory)
            reactor.flush()
            // Nobody listens: retries after 2, 4, 5 and 5 seconds.
            for ((retry, seconds) in listOf(2, 4, 5, 5).withIndex()) {
                factory.retries shouldBe retry + 1
                reactor.delayedCalls() shouldHaveSize 1
                reactor.runFor(seconds.seconds - 1.milliseconds)
                factory.retries shouldBe retry + 1
                reactor.runFor(1.milliseconds)
            }
            factory.retries shouldBe 4
            reactor.delayedCalls().shouldBeEmpty()
            connector.state shouldBe Connector.State.DISCONNECTED
        }

        "a factory connects again when the connection is lost; resetDelay begins with the shortest delay" {
            val reactor = torsion.reactor
            val served = ArrayList<Protocol>()
            val port = reactor.listenTcp(8007, Factory { object : Protocol() {}.also(served::add) })
            val factory =
                object : ReconnectingClientFactory(reactor) {
                    override fun buildProtocol(address: Address): Protocol {
                        resetDelay()
                        return object : Protocol() {}
                    }
                }
            factory.jitter = 0.0
            reactor.connectTcp("127.0.0.1", 8007, factory)
            reactor.flush()
            repeat(3) {
                served.last().transport.loseConnection()
                reactor.flush()
                factory.retries shouldBe 1
                reactor.runFor(3.seconds)
                served shouldHaveSize it + 2
            }
            factory.stopTrying()
            served.last().transport.loseConnection()
            reactor.flush()
            reactor.delayedCalls().shouldBeEmpty()
            factory.continueTrying shouldBe false
            reactor.runFor(1.hours)
            served shouldHaveSize 4
            port.stopListening()
        }

        "stopTrying ends the first attempt, and a delay" {
            val reactor = torsion.reactor
            reactor.network.silence("10.0.0.9")
            val factory = ReconnectingClientFactory(reactor) { object : Protocol() {} }
            val connector = reactor.connectTcp("10.0.0.9", 8007, factory)
            reactor.flush()
            factory.stopTrying()
            connector.state shouldBe Connector.State.DISCONNECTED
            reactor.delayedCalls().shouldBeEmpty()
            val waiting = ReconnectingClientFactory(reactor) { object : Protocol() {} }
            reactor.connectTcp("127.0.0.1", 8007, waiting)
            reactor.flush()
            reactor.delayedCalls() shouldHaveSize 1
            waiting.stopTrying()
            reactor.delayedCalls().shouldBeEmpty()
        }

        "one factory with several connectors retries all of them, each with delays of its own" {
            val reactor = torsion.reactor
            reactor.network.silence("10.0.0.9")
            val failures = ArrayList<String>()
            val factory =
                object : ReconnectingClientFactory(reactor, { object : Protocol() {} }) {
                    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
                        failures.add(connector.destination)
                        super.clientConnectionFailed(connector, reason)
                    }
                }
            factory.jitter = 0.0
            factory.factor = 2.0
            factory.maxRetries = 2
            val first = reactor.connectTcp("127.0.0.1", 1, factory)
            val second = reactor.connectTcp("127.0.0.1", 2, factory)
            reactor.flush()
            reactor.delayedCalls() shouldHaveSize 2
            reactor.runFor(2.seconds)
            factory.resetDelay(second)
            failures shouldContainExactly List(2) { listOf("127.0.0.1:1", "127.0.0.1:2") }.flatten()
            reactor.runUntilIdle()
            failures.count { it == "127.0.0.1:1" } shouldBe 3 // it and two retries
            failures.count { it == "127.0.0.1:2" } shouldBe 5 // of which three came after its reset, as if from the start
            // They begin again, one is on its way and the other waits; stopTrying ends both.
            factory.resetDelay()
            factory.retries shouldBe 0
            first.connect()
            reactor.flush()
            val third = reactor.connectTcp("10.0.0.9", 3, factory)
            reactor.flush()
            factory.stopTrying()
            reactor.delayedCalls().shouldBeEmpty()
            listOf(first, second, third).map { it.state }.toSet() shouldBe setOf(Connector.State.DISCONNECTED)
        }

        "the random part spreads the delays, and never makes them negative" {
            val seeded = SplittableRandom(1)
            var atOnce = 0
            val delays =
                List(200) {
                    val factory = ReconnectingClientFactory(torsion.reactor) { object : Protocol() {} }
                    factory.random = seeded
                    factory.jitter = 2.0
                    torsion.reactor.connectTcp("127.0.0.1", 8007, factory)
                    torsion.reactor.flush()
                    val due = torsion.reactor.delayedCalls().single().time - torsion.reactor.nanoTime()
                    factory.stopTrying()
                    if (factory.retries > 1) atOnce++ // a random part that would have made the delay negative made it zero
                    due
                }
            atOnce.shouldBeBetween(30, 100)
            delays.toSet().size.shouldBeBetween(50, 200)
        }
    })
