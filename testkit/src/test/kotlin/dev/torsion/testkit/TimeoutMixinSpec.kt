// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.CloseReason
import dev.torsion.net.Protocol
import dev.torsion.net.TimeoutMixin
import dev.torsion.net.setTimeout
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.time.temporal.ChronoUnit
import kotlin.time.Duration.Companion.seconds

/** The names in brackets are those of Twisted's tests. */
class TimeoutMixinSpec :
    StringSpec({
        val clock = VirtualClock()

        class Patient : Protocol() {
            val idle = TimeoutMixin(this, clock)
            var beforeLost: Duration? = null

            override fun connectionMade() {
                idle.setTimeout(5.seconds)
            }

            override fun dataReceived(data: ByteArray) = idle.resetTimeout()

            override fun connectionLost(reason: CloseReason) {
                beforeLost = idle.setTimeout(Duration.ofSeconds(1)) // too late: it is over
            }
        }

        fun advance(seconds: Long) = clock.advance(Duration.ofSeconds(seconds))

        "the connection is closed when the time is up (test_timeout)" {
            val transport = StringTransport().connect(Patient())
            advance(4)
            transport.isDisconnecting shouldBe false
            advance(1)
            transport.isDisconnecting shouldBe true
            transport.isAborted shouldBe false
            transport.lose()
        }

        "what happens puts it off (test_resetTimeout)" {
            val patient = Patient()
            val transport = StringTransport().connect(patient)
            repeat(10) {
                advance(4)
                transport.receive("x")
            }
            transport.isDisconnecting shouldBe false
            advance(5)
            transport.isDisconnecting shouldBe true
            patient.idle.resetTimeout() // it is up already
            clock.delayedCalls().size shouldBe 0
            transport.lose()
        }

        "it can be cancelled (test_cancelTimeout, test_noTimeout)" {
            val patient = Patient()
            val transport = StringTransport().connect(patient)
            patient.idle.setTimeout(null) shouldBe Duration.ofSeconds(5)
            clock.delayedCalls().size shouldBe 0
            patient.idle.resetTimeout()
            advance(100)
            transport.isDisconnecting shouldBe false
            transport.lose()
        }

        "setTimeout gives what was set before (test_return)" {
            val idle = TimeoutMixin(Patient(), clock)
            idle.setTimeout(Duration.ofSeconds(10)) shouldBe null
            idle.setTimeout(Duration.ofSeconds(7)) shouldBe Duration.ofSeconds(10)
            idle.setTimeout(null) shouldBe Duration.ofSeconds(7)
            idle.timeout shouldBe null
            shouldThrow<IllegalArgumentException> { idle.setTimeout(Duration.ofNanos(-1)) }
        }

        "it ends with its connection, however many there are" {
            val patient = Patient()
            val told = ArrayList<String>()
            val other = TimeoutMixin(patient, clock) { told.add("other") }
            val transport = StringTransport().connect(patient)
            other.setTimeout(3.seconds)
            clock.delayedCalls().size shouldBe 2
            transport.lose()
            clock.delayedCalls().size shouldBe 0
            patient.beforeLost shouldBe Duration.ofSeconds(5)
            advance(100)
            told shouldBe emptyList()
        }

        "a protocol that is connected again has its time-out again" {
            val patient = Patient()
            StringTransport().connect(patient).lose()
            val again = StringTransport().connect(patient)
            advance(4)
            again.isDisconnecting shouldBe false
            advance(1)
            again.isDisconnecting shouldBe true
            again.lose()
        }

        "something else can be done than to close, also by a subclass" {
            val told = ArrayList<String>()
            val patient = Patient()
            val transport = StringTransport().connect(patient)
            TimeoutMixin(patient, clock) { told.add("given") }.setTimeout(1.seconds)
            val own =
                object : TimeoutMixin(patient, clock) {
                    override fun timeoutConnection() {
                        told.add("overridden")
                        if (told.size < 4) setTimeout(timeout)
                    }
                }
            own.setTimeout(1.seconds)
            advance(1)
            told shouldBe listOf("given", "overridden")
            advance(1)
            advance(1)
            told shouldBe listOf("given", "overridden", "overridden", "overridden")
            transport.isDisconnecting shouldBe false
            transport.lose()
        }

        "for ever is for ever" {
            val transport = StringTransport()
            val patient = Patient()
            transport.connect(patient)
            for (period in listOf(ChronoUnit.FOREVER.duration, Duration.ofSeconds(Long.MAX_VALUE))) {
                patient.idle.setTimeout(period)
                patient.idle.resetTimeout()
                advance(1_000_000)
                transport.isDisconnecting shouldBe false
            }
            patient.idle.setTimeout(kotlin.time.Duration.INFINITE)
            advance(1_000_000)
            transport.isDisconnecting shouldBe false
            transport.lose()
        }
    })
