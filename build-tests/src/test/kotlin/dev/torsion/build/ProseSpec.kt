// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeGreaterThan
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.name
import kotlin.io.path.readText

/** The rules of docs/prose.md that a program can check, over all documents and comments. */
internal class ProseSpec : StringSpec({
    "sentences begin with a noun, and no clause stands for one" {
        val texts = texts(TorsionModule.root)
        texts.size shouldBeGreaterThan 500
        val found = texts.flatMap { (path, text) -> wrongSentences(path, text).map { "${TorsionModule.root.relativize(path)}: $it" } }
        withClue("docs/prose.md says how to write these: with a noun as the subject, and the subject first") { found.shouldBeEmpty() }
    }

    "the check finds what it looks for, and nothing else" {
        val source =
            """
            /**
             * What waits is told. A caller that waits is told.
             *
             * Who asks? The peer asks: what is this?
             * ```
             * // What is code is no prose.
             * ```
             * @return what the call gives
             */
            val x = "/* What stands in a string is none. */" // Whoever sees this.
            // Were it later, nobody would know. Never does it end. It ends, but for the last.
            """.trimIndent()
        wrongSentences(Path.of("X.kt"), source) shouldContainExactly
            listOf(
                "What waits is told.",
                "Whoever sees this.",
                "Were it later, nobody would know.",
                "Never does it end.",
                "It ends, but for the last.",
            )
        wrongSentences(
            Path.of("x.md"),
            "# What it is\n\n| Who | When |\n|---|---|\n| What comes | now |\n\n- **What** comes goes.\n",
        ) shouldContainExactly
            listOf("What comes goes.")
    }
})

/** A relative clause without a noun, and inversions that are sure to be some. */
private val WRONG =
    listOf(
        Regex("^(What|Who|Whom|Whoever|Whatever) "),
        Regex("^(Were|Had|Should) (it|there|they|this|that|the|a|an) "),
        Regex(
            "^(Nor|Neither|Never|Seldom|Rarely|Not only|Only then|No sooner|Hardly) (do|does|did|is|are|was|were|has|have|had|can|could|may|will) (it|they|he|the|a|an|this|that|who|what)\\b",
        ),
        Regex(", were (it|they|there) "),
        Regex("\\b(for want of|but for|lest|be it)\\b"),
    )

private fun wrongSentences(path: Path, text: String): List<String> =
    proseOf(path, text).flatMap { it.split(SENTENCE_END) }.map { it.trim() }.filter { sentence ->
        !sentence.endsWith("?") && WRONG.any { it.containsMatchIn(sentence) }
    }

/** The paragraphs of a document, or of the comments of a source. Headings, tables, code and the tags of a comment are none. */
private fun proseOf(path: Path, text: String): List<String> {
    val blocks = if (path.extension == "md") listOf(text) else commentsOf(text)
    return blocks.flatMap { block -> block.replace(CODE, "\n\n").split(PARAGRAPH_END) }
        .map { it.replace(WHITE, " ").trim() }
        .filter { it.isNotEmpty() && it[0] !in "#|@" }
        .map { it.replace(MARKS, "").replace("**", "") }
}

private fun commentsOf(source: String): List<String> = TOKEN.findAll(source).map { it.value }.filter { it.startsWith("/") }.map { comment ->
    if (comment.startsWith("/*")) comment.removePrefix("/*").removeSuffix("*/").replace(STARS, "") else comment.replace(SLASHES, "")
}.toList()

private val TOKEN =
    Regex("(?s)\"\"\".*?\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.|[^'\\\\\\n])+'|/\\*.*?\\*/|(?<![:/])//[^\\n]*(?:\\n[ \\t]*//[^\\n]*)*")
private val STARS = Regex("(?m)^[ \\t]*\\*+ ?")
private val SLASHES = Regex("(?m)^[ \\t]*// ?")
private val CODE = Regex("(?s)```.*?```|<pre>.*?</pre>")
private val PARAGRAPH_END = Regex("\\n\\s*\\n|\\n(?=\\s*(?:[-*#|@]|\\d+\\.\\s|\\|))|<p>")
private val SENTENCE_END = Regex("(?<=[.!?;:])\\s+")
private val MARKS = Regex("^(?:[-*]|\\d+\\.)\\s+")
private val WHITE = Regex("\\s+")

/** All documents and sources, except those of builds and the page that shows how not to write. */
private fun texts(root: Path): List<Pair<Path, String>> = Files.walk(root).use { paths ->
    paths.filter { path ->
        path.extension in setOf("md", "kt", "java") && path.name != "prose.md" && Files.isRegularFile(path) &&
            root.relativize(path).none { it.name == "target" || it.name.startsWith(".") }
    }.toList()
}.sorted().map { it to it.readText() }
