// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.docs

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.io.File

/**
 * The Java and Kotlin in the documents is code that compiles: each block stands in one source file of the examples, `main` or `test`.
 * A blank line in a block parts pieces between which the document leaves something out; indentation does not count.
 */
class SnippetsSpec :
    FunSpec({
        val sources = File(root, "examples/src").walk().filter {
            it.extension in LANGUAGES
        }.map { it.extension to lines(it.readText()) }.toList()

        documents.forEach { document ->
            snippets(document).forEachIndexed { index, snippet ->
                test("${document.toRelativeString(root)}, block ${index + 1}, ${snippet.language}") {
                    withClue("this is in no program or test of the examples; keep both alike:\n${snippet.pieces.joinToString("\n\n")}") {
                        sources.any { (extension, lines) -> extension == snippet.extension && lines.have(snippet.pieces) } shouldBe true
                    }
                }
            }
        }

        test("the documents have code") { documents.flatMap(::snippets).size shouldBeGreaterThan 10 }
    })

private val LANGUAGES = mapOf("java" to "java", "kt" to "kotlin")

private val root = generateSequence(File("").absoluteFile) { it.parentFile }.first { File(it, "README.md").exists() }

private val documents = listOf(File(root, "README.md")) + File(root, "docs").walk().filter { it.extension == "md" }.sorted()

private class Snippet(val language: String, code: String) {
    val extension = LANGUAGES.entries.first { it.value == language }.key
    val pieces = code.split("\n\n").map(::lines).filter { it.isNotEmpty() }
}

private fun snippets(document: File) =
    Regex("```(java|kotlin)\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(document.readText()).map { block ->
        Snippet(block.groupValues[1], block.groupValues[2])
    }.toList()

private fun lines(text: String) = text.lines().map { it.trim() }.filter { it.isNotEmpty() }

/** Whether all [pieces] are here, in their order. */
private fun List<String>.have(pieces: List<List<String>>): Boolean {
    var from = 0
    for (piece in pieces) {
        val at = (from..size - piece.size).firstOrNull { subList(it, it + piece.size) == piece } ?: return false
        from = at + piece.size
    }
    return true
}
