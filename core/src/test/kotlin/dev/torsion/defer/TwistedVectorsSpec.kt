// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.util.zip.GZIPInputStream

/**
 * Runs scripts that real Twisted has run, and demands the same events. `src/test/python/deferred_vectors.py` makes them and lists
 * the few places where Torsion differs on purpose.
 */
class TwistedVectorsSpec :
    StringSpec({
        val cases = readVectors()

        cases.filterNot { it.name.startsWith("seed ") }.forEach { case ->
            val how = if (case.differs.isEmpty()) "as Twisted" else "unlike Twisted: ${case.differs.joinToString()}"
            "${case.name} ($how)" { case.replay() shouldBe case.events }
        }

        "thousands of generated scripts give the events of Twisted" {
            val same = cases.filter { it.differs.isEmpty() }
            same.size shouldBeGreaterThan 3000
            same.forEach { case -> withClue(case) { case.replay() shouldBe case.events } }
        }

        "generated scripts where Torsion differs on purpose give the events that were written down" {
            val differing = cases.filter { it.differs.isNotEmpty() }
            differing.flatMap { it.differs }.toSet() shouldContainAll
                setOf("pause-in-callback", "paused-waiter", "ring", "unpause", "raising-canceller", "cancel-in-canceller") +
                setOf("list-forward", "first-result")
            differing.forEach { case -> withClue(case) { case.replay() shouldBe case.events } }
        }
    })

private class VectorCase(val name: String, private val ops: JsonArray, val events: List<String>, val differs: List<String>) {
    fun replay(): List<String> = VectorRun().whole(ops)

    override fun toString() = "$name: $ops"
}

private fun readVectors(): List<VectorCase> {
    val packed = checkNotNull(TwistedVectorsSpec::class.java.getResourceAsStream("deferred-vectors.jsonl.gz")) { "no vectors" }
    return GZIPInputStream(packed).bufferedReader().useLines { lines ->
        lines.map { parse(Json.parseToJsonElement(it).jsonObject) }.toList()
    }
}

private fun parse(json: JsonObject): VectorCase {
    fun texts(key: String) = json[key]?.jsonArray?.map { it.jsonPrimitive.content }.orEmpty()
    return VectorCase(json.getValue("name").jsonPrimitive.content, json.getValue("ops").jsonArray, texts("events"), texts("differs"))
}
