// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldNotBeEmpty
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.div
import kotlin.io.path.exists
import kotlin.io.path.extension
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.readLines
import kotlin.io.path.readText

/** Links of the documents lead somewhere, and every document can be found. */
internal class DocumentsSpec : StringSpec({
    val root = TorsionModule.root
    val pages = (root.listDirectoryEntries("*.md") + markdown(root / "docs")).map { it.normalize() }.sorted()
    val links = pages.associateWith { page -> links(page) }

    "every link to a file or to a heading leads somewhere" {
        links.values.flatten().shouldNotBeEmpty()
        links.flatMap { (page, links) -> links.mapNotNull { it.problem(page)?.let { problem -> "${root.relativize(page)}: $problem" } } }
            .shouldBeEmpty()
    }

    "every page is linked from the README, or from a page that is" {
        val found = LinkedHashSet<Path>()
        val next = ArrayDeque(listOf(root / "README.md"))
        while (next.isNotEmpty()) {
            val page = next.removeFirst()
            if (found.add(page)) next.addAll(links[page].orEmpty().map { it.target(page) }.filter { it in links })
        }
        withClue("nobody finds these pages: link them from a page that readers come by") {
            (pages - found).map(root::relativize).shouldBeEmpty()
        }
    }

    "no figure of a measurement stands in a source" {
        val figure = Regex("""\b\d[\d.,]* ?(ns|µs|us|[MG]i?B/s)\b""")
        val sources = TorsionModule.entries.filter { it.published }.flatMap { sources(it.directory / "src" / "main") }
        sources.shouldNotBeEmpty()
        val found = sources.flatMap { source ->
            source.readLines().filter(figure::containsMatchIn).map { "${root.relativize(source)}: ${it.trim()}" }
        }
        withClue("a figure needs a machine, a JDK and a day: keep the constraint, and write the figure into docs/performance-notebook.md") {
            found.shouldBeEmpty()
        }
    }
})

private class Link(
    private val file: String,
    private val anchor: String?,
) {
    fun target(page: Path): Path = if (file.isEmpty()) page else page.resolveSibling(file).normalize()

    fun problem(page: Path): String? {
        val target = target(page)
        return when {
            !target.exists() -> "there is no $file"
            anchor != null && target.extension == "md" && anchor !in anchors(target) -> "$file has no heading #$anchor"
            else -> null
        }
    }
}

private val LINK = Regex("""]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)""")

private fun links(page: Path): List<Link> = LINK.findAll(withoutCode(page)).map { match ->
    Link(match.groupValues[1], match.groupValues[2].ifEmpty { null })
}.toList()

private fun withoutCode(page: Path) = page.readText().replace(Regex("(?s)```.*?```"), "").replace(Regex("`[^`\n]*`"), "")

/** The anchors of the headings, as hosts of Markdown make them. */
private fun anchors(page: Path): Set<String> =
    page.readText().replace(Regex("(?s)```.*?```"), "").lines().filter { it.startsWith("#") }.map { heading ->
        heading.trimStart('#').trim().lowercase().filter { it.isLetterOrDigit() || it in " -_" }.replace(' ', '-')
    }.toSet()

private fun markdown(folder: Path): List<Path> = Files.walk(folder).use { paths -> paths.filter { it.extension == "md" }.toList() }

private fun sources(folder: Path): List<Path> {
    if (!Files.isDirectory(folder)) return emptyList()
    return Files.walk(folder).use { paths -> paths.filter { it.extension in setOf("kt", "java") }.toList() }
}
