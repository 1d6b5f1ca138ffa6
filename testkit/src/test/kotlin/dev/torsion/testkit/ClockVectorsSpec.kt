// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.AlreadyCancelledException
import dev.torsion.clock.DelayedCall
import dev.torsion.defer.AlreadyCalledException
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.TimeUnit

/** Replays what Twisted's Clock did; `src/test/python/clock_vectors.py` explains the lines. */
class ClockVectorsSpec :
    StringSpec({
        val lines = ClockVectorsSpec::class.java.getResource("clock-vectors.txt")!!.readText().lines()
        val (generated, written) =
            lines.filter { it.isNotEmpty() && !it.startsWith("#") }.map { it.split(" | ") }.partition { it.size == FIELDS }

        written.forEach { case ->
            val name = case.first()
            name { replay(case.takeLast(FIELDS)) }
        }

        "the virtual clock runs what Twisted's runs, when it runs it and in its order, in every generated case" {
            generated.size shouldBeGreaterThan 900
            generated.forEach(::replay)
        }
    })

/** How many a case has; one that was written by hand has a name in front. */
private const val FIELDS = 4

private fun replay(case: List<String>) {
    val (scripts, operations, events, left) = case
    val replay = ClockReplay(scripts)
    withClue(case) {
        operations.split(", ").joinToString(", ", transform = replay::run) shouldBe events
        replay.left() shouldBe left
    }
}

private class ClockReplay(scripts: String) {
    private val clock = VirtualClock()
    private val scripts =
        scripts.split(", ").filter { it.isNotEmpty() }.associate { it.substringBefore(":").toInt() to it.substringAfter(": ").split(";") }
    private val calls = ArrayList<DelayedCall>()
    private var events = ArrayList<String>()

    /** The events. */
    fun run(operation: String): String {
        events = ArrayList()
        perform(operation)
        return events.joinToString(" ")
    }

    fun left(): String = clock.delayedCalls().map { it.time }.sorted().joinToString(" ")

    private fun perform(operation: String) {
        val words = operation.split(" ")
        val numbers = words.drop(1).map { it.toLong() }
        try {
            when (words[0]) {
                "later" -> later(numbers[0])
                "advance" -> clock.advance(Duration.ofNanos(numbers[0]))
                "cancel" -> calls[numbers[0].toInt()].cancel()
                "reset" -> calls[numbers[0].toInt()].reset(numbers[1], TimeUnit.NANOSECONDS)
                "delay" -> calls[numbers[0].toInt()].delay(numbers[1], TimeUnit.NANOSECONDS)
                else -> error("no operation: $operation")
            }
        } catch (_: AlreadyCalledException) {
            events.add("!AlreadyCalled")
        } catch (_: AlreadyCancelledException) {
            events.add("!AlreadyCancelled")
        }
    }

    private fun later(delay: Long) {
        val number = calls.size
        calls.add(
            clock.callLater(delay, TimeUnit.NANOSECONDS) {
                events.add("$number@${clock.nanoTime()}")
                scripts[number]?.forEach(::perform)
            },
        )
    }
}
