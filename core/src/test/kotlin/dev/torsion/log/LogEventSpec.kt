// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.property.Arb
import io.kotest.property.arbitrary.map
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import org.slf4j.event.Level
import java.time.Instant

/** The text of an event, and that it can always be had. */
internal class LogEventSpec :
    StringSpec({
        fun text(format: String, vararg values: Pair<String, Any?>) = event(format, values = values.toMap()).message

        "fields are filled by name, the rest stays" {
            text("") shouldBe ""
            text("plain") shouldBe "plain"
            text("{x}", "x" to "abc") shouldBe "abc"
            text("{a} and {b}, {a}", "b" to 2, "a" to "one") shouldBe "one and 2, one"
            text("Sánchez {x}", "x" to "\uD83D\uDE00") shouldBe "Sánchez \uD83D\uDE00"
        }

        "null is a value" {
            text("{x}", "x" to null) shouldBe "null"
        }

        "a field without a value is shown as it stands" {
            text("{nobody} knows {}", "x" to 1) shouldBe "{nobody} knows {}"
        }

        "doubled braces are braces" {
            text("{{x}} {{{x}}}", "x" to 1) shouldBe "{x} {1}"
        }

        "braces that make no field stay" {
            text("} { {x", "x" to 1) shouldBe "} { {x"
            text("{a {x}", "x" to 1) shouldBe "{a 1"
        }

        "what a value's text contains is not formatted again" {
            text("{x}", "x" to "{y}", "y" to 1) shouldBe "{y}"
        }

        "arrays show their elements" {
            text("{x} {y}", "x" to byteArrayOf(1, 2), "y" to arrayOf("a", intArrayOf(3))) shouldBe "[1, 2] [a, [3]]"
        }

        "a value whose toString fails is shown as that failure" {
            text("{evil} but {good}", "evil" to Unformattable(), "good" to "okay") shouldBe
                "<dev.torsion.log.Unformattable whose toString throws java.lang.IllegalStateException> but okay"
        }

        "even when the failure itself has no text, or the stack runs out" {
            val hostile = object : RuntimeException() {
                override val message get() = throw IllegalStateException()

                override fun toString(): String = throw IllegalStateException()
            }
            text("{evil}", "evil" to Unformattable { hostile }) shouldContain "whose toString throws"
            val a = ArrayList<Any>()
            val b = arrayListOf<Any>(a)
            a.add(b)
            text("{endless}", "endless" to a) shouldEndWith "whose toString throws java.lang.StackOverflowError>"
        }

        "any string can be a format, and formatting loses nothing but doubled braces" {
            checkAll(Arb.string(0..60).map { it.replace('q', '{').replace('z', '}') }) { format ->
                val doubled = format.replace("{", "{{").replace("}", "}}")
                text(doubled, "x" to 1) shouldBe format
                text(format, "x" to 1).length // does not throw
            }
        }

        "the text is made once, and not before it is wanted" {
            var asked = 0
            val counting = object {
                override fun toString() = "asked ${++asked}"
            }
            val event = event("{it}", values = mapOf("it" to counting))
            asked shouldBe 0
            event.message shouldBe "asked 1"
            event.message shouldBe "asked 1"
        }

        "values keep their order, and are a copy" {
            val given = linkedMapOf<String, Any?>("z" to 1, "a" to 2)
            val event = event("", values = given)
            given["m"] = 3
            event.values.keys shouldContainExactly setOf("z", "a")
            shouldThrow<UnsupportedOperationException> { (event.values as MutableMap)["x"] = 1 }
        }

        "it says all of itself in one line" {
            val event = LogEvent(Instant.EPOCH, Level.WARN, "a.b", "{x}!", mapOf("x" to 1), IllegalStateException("why"))
            event.toString() shouldBe "1970-01-01T00:00:00Z WARN a.b: 1! (java.lang.IllegalStateException: why)"
        }
    })
