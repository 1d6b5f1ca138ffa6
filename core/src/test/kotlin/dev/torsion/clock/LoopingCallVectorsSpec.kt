// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.clock

import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.TimeUnit

/** Replays what Twisted's LoopingCall did; `src/test/python/looping_call_vectors.py` explains the lines. */
class LoopingCallVectorsSpec :
    StringSpec({
        val lines = LoopingCallVectorsSpec::class.java.getResource("looping-call-vectors.txt")!!.readText().lines()
        val (generated, written) =
            lines.filter { it.isNotEmpty() && !it.startsWith("#") }.map { it.split(" | ") }.partition { it.size == FIELDS }

        written.forEach { case ->
            val name = case.first()
            val fields = case.takeLast(FIELDS)
            name { withClue(fields) { Replay(fields).run() shouldBe fields.takeLast(2) } }
        }

        "calls, counts and the end are Twisted's in every generated case" {
            generated.size shouldBeGreaterThan 390
            generated.forEach { fields -> withClue(fields) { Replay(fields).run() shouldBe fields.takeLast(2) } }
        }
    })

/** How many a case has; one that was written by hand has a name in front. */
private const val FIELDS = 5

private class Replay(fields: List<String>) {
    private val clock = ManualClock()
    private val setUp = fields[0].split(" ")
    private val actions = fields[1].split(" ")
    private val steps = fields[2].split(" ")
    private val calls = ArrayList<String>()
    private val loop =
        if (setUp[2] == "count") LoopingCall.withCount(clock, Callback(::call)) else LoopingCall(clock) { call(1) }

    private fun call(count: Long): Any? {
        val action = actions[minOf(calls.size, actions.lastIndex)]
        calls.add("${clock.now}:$count")
        when {
            action == "stop" -> loop.stop()
            action == "fail" -> error(action)
            action.startsWith("b") -> clock.now += action.drop(1).toLong()
            action.startsWith("d") -> return gate(action.drop(1)) { callback(Unit) }
            action.startsWith("failed") -> return gate(action.drop(6)) { errback(IllegalStateException(action)) }
        }
        return null
    }

    private fun gate(delay: String, fire: Deferred<Unit>.() -> Unit) =
        Deferred<Unit>().also { clock.callLater(delay.toLong(), TimeUnit.NANOSECONDS) { it.fire() } }

    /** The calls and the end. */
    fun run(): List<String> {
        var ended = "open"
        loop.start(Duration.ofNanos(setUp[0].toLong()), setUp[1] == "now").addCallbacks({ ended = "fired" }, { ended = "failed" })
        steps.forEach { step ->
            when (step) {
                "reset" -> loop.reset()
                "stop" -> loop.stop()
                else -> clock.advance(step.drop(1).toLong())
            }
        }
        val pending = clock.delayedCalls().map { it.time }.sorted().joinToString(" ")
        return listOf(calls.joinToString(" "), "${if (loop.isRunning) "running" else "stopped"} $ended $pending".trim())
    }
}
