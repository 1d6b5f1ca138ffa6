// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.div
import kotlin.io.path.extension
import kotlin.io.path.name
import kotlin.io.path.readLines
import kotlin.io.path.readText

/** docs/twisted-coverage.md says which test shows what: those tests are there, under these names. */
internal class CoverageSpec : StringSpec({
    val lines = (TorsionModule.root / "docs" / "twisted-coverage.md").readLines()
    val rows = lines.filter { it.startsWith("| ") }.map { line -> line.removeSurrounding("|").split("|").map(String::trim) }
    val (behaviours, features) = rows.filterNot { it.first() in setOf("Feature", "Number") }.partition { it.first().toIntOrNull() != null }
    val tests = TestSources()

    "every test that is named is there, under that name" {
        val missing = rows.flatMap { namedTests(it.last()) }.filterNot { (owner, name) -> tests.has(owner, name) }
        withClue("docs/twisted-coverage.md names tests that are not there: rename them in the page too, or find what shows it now") {
            missing.shouldBeEmpty()
        }
    }

    "every class that is named is followed by one of its tests at least" {
        val bare = Regex("`\\w+(Spec|Test|Contract)`(?! \")")
        rows.mapNotNull { bare.find(it.last())?.value }.shouldBeEmpty()
    }

    "every feature says its state, and what there is has a test" {
        features.filter { it.size != 3 }.shouldBeEmpty()
        features.filterNot { (_, state) -> STATES.any { it in state } }.map { it.first() }.shouldBeEmpty()
        features.filter { (_, state, shown) -> (state == "not yet") != namedTests(shown).isEmpty() }.map { it.first() }.shouldBeEmpty()
    }

    "the forty behaviours are all there, and each has a test that begins with its number" {
        behaviours.map { it.first().toInt() } shouldContainExactly (1..40).toList()
        behaviours.forEach { (number, what, shown) ->
            withClue("$number: $what") {
                val numbered = namedTests(shown).any { (_, name) -> name.startsWith("behaviour $number: ") }
                numbered shouldBe !shown.startsWith("not yet: ")
            }
        }
    }
})

/** Their checks stand in several files of the testkit. */
private val CONTRACTS = setOf("StreamContract", "DatagramContract")

private val STATES = listOf("whole", "in part: ", "not yet", "not in Twisted")

/** The tests in a cell: a class in backquotes, and names of its tests in quotes. */
private fun namedTests(cell: String): List<Pair<String, String>> =
    Regex("`(\\w+)` ((?:\"[^\"]+\"(?:, )?)+)").findAll(cell).flatMap { match ->
        val (owner, names) = match.destructured
        Regex("\"([^\"]+)\"").findAll(names).map { owner to it.groupValues[1] }
    }.toList()

/** The sources of all modules' tests. */
private class TestSources {
    private val files: Map<String, Path> = TorsionModule.entries.flatMap { sources(it.directory / "src") }.associateBy { it.name }

    /** Whether the test class [owner] has a test of that [name]. */
    fun has(owner: String, name: String): Boolean = textsOf(owner).any { text ->
        "\"$name\"" in text ||
            Regex("""(void|Stream<DynamicTest>) ${Regex.escape(name)}\(""").containsMatchIn(text)
    }

    /** The class itself, the Python programs whose vectors it replays, and for the contract of the transports its package. */
    private fun textsOf(owner: String): List<String> {
        val file = files["$owner.kt"] ?: files["$owner.java"] ?: return emptyList()
        if (owner in CONTRACTS) return sources(file.parent).map { it.readText() }
        val text = file.readText()
        val programs = Regex("""src/test/python/(\w+\.py)""").findAll(text).mapNotNull { files[it.groupValues[1]] }
        return listOf(text) + programs.map { it.readText() }
    }

    private fun sources(directory: Path): List<Path> {
        if (!Files.isDirectory(directory)) return emptyList()
        return Files.walk(directory).use { paths ->
            paths.filter { it.extension in setOf("kt", "java", "py") }.toList()
        }
    }
}
