// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/**
 * Runs scripts of system event triggers and reactor states that real Twisted has run, and demands the same events.
 * `src/test/python/trigger_vectors.py` makes them and says where Torsion differs on purpose.
 */
class TriggerVectorsSpec :
    StringSpec({
        val cases =
            TriggerVectorsSpec::class.java.getResource("trigger-vectors.jsonl")!!.readText().lines().filter { it.isNotEmpty() }
                .map { TriggerCase(Json.parseToJsonElement(it).jsonObject) }

        cases.filterNot { "seed" in it.name }.forEach { case ->
            val how = if (case.differs.isEmpty()) "as Twisted" else "unlike Twisted: ${case.differs.joinToString()}"
            "${case.name} ($how)" { case.replay() shouldBe case.events }
        }

        "hundreds of generated scripts give the events of Twisted" {
            val same = cases.filter { it.differs.isEmpty() }
            same.size shouldBeGreaterThan 500
            same.forEach { case -> withClue(case) { case.replay() shouldBe case.events } }
        }

        "generated scripts where Torsion differs on purpose give the events that were written down" {
            val differing = cases.filter { it.differs.isNotEmpty() }
            differing.flatMap { it.differs }.toSortedSet() shouldContainExactly
                setOf("crash-idle", "crash-in-shutdown", "failure-reported", "immediate-call", "late-call", "late-startup") +
                setOf("later-turn", "own-handle", "remove-what-has-run", "stop-after-crash")
            differing.forEach { case -> withClue(case) { case.replay() shouldBe case.events } }
        }
    })

private class TriggerCase(json: JsonObject) {
    val name = json.getValue("name").jsonPrimitive.content
    val events = texts(json["events"]?.jsonArray)
    val differs = texts(json["differs"]?.jsonArray)
    private val ops = json.getValue("ops").jsonArray
    private val isReactor = Regex("""(behaviour \d+: )?reactor""")

    fun replay() = TriggerRun(isReactor = isReactor.matchesAt(name, 0)).whole(ops)

    override fun toString() = "$name: $ops"

    private fun texts(array: JsonArray?) = array?.map { it.jsonPrimitive.content }.orEmpty()
}
