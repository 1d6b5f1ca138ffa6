// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.fail
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import java.io.PrintWriter
import java.io.StringWriter
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** The tour tells what it shows, and does not hide what goes wrong. */
class TourSpec :
    StringSpec({
        "a stop that says what it should is shown once, with all its voices" {
            val (isGood, text) = tour(plays("Java") { it.sayAll() }, plays("Kotlin") { it.sayAll() })
            isGood shouldBe true
            text shouldContain " 1  A title"
            text.split("| hello -> HELLO").size shouldBe 2
            text shouldContain Regex("""Java \d+ ms, Kotlin \d+ ms: the same, line by line""")
            text.trim() shouldContain Regex("""1 stop, 2 performances, in .*: all as expected\.$""")
        }

        "a wrong line is shown, with the right one" {
            val (isGood, text) = tour(plays("Java") { it.sayAll() }, plays("Kotlin") { it.println("hello -> HELO") })
            isGood shouldBe false
            text shouldContain """Kotlin: Line 1 should be "hello -> HELLO", but is "hello -> HELO"."""
            text.trim() shouldEndWith "1 not as expected."
        }

        "a missing line is one, and so is a line too many" {
            tour(plays("Java") { it.println("hello -> HELLO") }).second shouldContain """should be "torsion -> TORSION", but is missing."""
            val talkative = plays("Java") { out -> out.sayAll().also { out.println("bye") } }
            tour(talkative).second shouldContain """Line 3 should be missing, but is "bye"."""
        }

        "a stop that fails says how" {
            val (isGood, text) = tour(plays("Java") { error("out of luck") })
            isGood shouldBe false
            text shouldContain "Java: It failed: java.lang.IllegalStateException: out of luck"
        }

        "a stop that hangs is given up" {
            val (isGood, text) = tour(plays("Java") { Deferred<Unit>().await() }, timeout = 20.milliseconds)
            isGood shouldBe false
            text shouldContain "Java: It did not end within 20ms."
        }

        "an error that a callback leaves behind counts" {
            val careless =
                "Java" plays { reactor, out ->
                    reactor.callLater(0.seconds) { error("in a callback") }
                    val next = Deferred<Unit>()
                    reactor.callLater(1.milliseconds) { next.callback(Unit) }
                    next.await()
                    out.sayAll()
                }
            val (isGood, text) = tour(careless)
            isGood shouldBe false
            text shouldContain "An error was reported:"
            text shouldContain "in a callback"
        }

        "and so does a Deferred whose failure nobody handles" {
            val careless =
                "Java" plays { reactor, out ->
                    reactor.callLater(0.seconds) { fail<Unit>(IllegalStateException("unhandled")) }
                    val next = Deferred<Unit>()
                    reactor.callLater(1.milliseconds) { next.callback(Unit) }
                    next.await()
                    out.sayAll()
                }
            val (isGood, text) = tour(careless)
            isGood shouldBe false
            text shouldContain "unhandled"
        }

        "there is colour only on request" {
            tour(plays("Java") { it.sayAll() }).second shouldNotContain "\u001b"
            tour(plays("Java") { it.sayAll() }, inColour = true).second shouldContain "\u001b[32m"
        }
    })

private fun plays(voice: String, program: suspend (Transcript) -> Unit) = voice plays { _, out -> program(out) }

private fun Transcript.sayAll() {
    println("hello -> HELLO")
    println("torsion -> TORSION")
}

/** A tour of one stop, whose transcript is that of the server in upper case. */
private fun tour(
    vararg performances: Performance,
    inColour: Boolean = false,
    timeout: kotlin.time.Duration = 5.seconds,
): Pair<Boolean, String> {
    val text = StringWriter()
    val stop = Stop("UpperCaseServer", "A title", "What it shows.", performances.toList())
    val isGood = Tour(listOf(stop), TourPrinter(PrintWriter(text), inColour), timeout).run()
    return isGood to text.toString()
}
