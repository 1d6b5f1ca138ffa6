// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.micrometer.TorsionMetrics
import dev.torsion.testkit.MemoryReactor
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.maps.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import io.micrometer.core.instrument.simple.SimpleMeterRegistry
import jdk.jfr.Event
import jdk.jfr.Label
import jdk.jfr.Name
import java.io.File

/** The tables of docs/guide/running.md name what there is: every meter, and every event of the flight recorder with its fields. */
class RunningGuideSpec :
    StringSpec({
        val page = generateSequence(File("").absoluteFile) { it.parentFile }.map { File(it, "docs/guide/running.md") }.first { it.exists() }
        val rows = page.readLines().filter { it.startsWith("| `") }.map { line -> line.removeSurrounding("|").split("|") }

        fun codes(cell: String) = Regex("`([^`]+)`").findAll(cell).map { it.groupValues[1] }.toList()

        "every meter is in the table, and nothing else" {
            val registry = SimpleMeterRegistry()
            MemoryReactor().use { reactor -> TorsionMetrics(reactor).bindTo(registry) }
            val named = rows.map { codes(it[0]).first() }.filter { it.startsWith("torsion.") }
            named shouldContainExactlyInAnyOrder registry.meters.map { it.id.name }
        }

        "every event of the flight recorder has its name and its fields" {
            val events = rows.filter { codes(it[0]).first().startsWith("dev.torsion.") }.associate { codes(it[0]).first() to codes(it[2]) }
            events.shouldNotBeEmpty()
            events.forEach { (name, fields) ->
                withClue(name) {
                    val event = Class.forName("dev.torsion.health.${name.substringAfterLast('.')}Event").asSubclass(Event::class.java)
                    event.getAnnotation(Name::class.java).value shouldBe name
                    val recorded = event.declaredFields.filter { it.isAnnotationPresent(Label::class.java) }
                    recorded.map { it.name } shouldContainExactlyInAnyOrder fields
                }
            }
        }
    })
