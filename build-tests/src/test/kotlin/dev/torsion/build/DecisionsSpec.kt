// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import kotlin.io.path.div
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name
import kotlin.io.path.readLines

/** Decisions are numbered without holes, and the index has a line for each. */
internal class DecisionsSpec :
    StringSpec({
        val folder = TorsionModule.root / "docs" / "decisions"
        val pages = folder.listDirectoryEntries("*.md").filter { it.name != "README.md" }.sortedBy { it.name }
        val titles = pages.associate { it.name to it.readLines().first() }

        "the numbers have no holes, and none stands twice" {
            withClue("a decision has the next free number: docs/decisions/README.md") {
                pages.map { it.name.substringBefore('-') } shouldContainExactly (1..pages.size).map { "%04d".format(it) }
            }
        }

        "the title of a page begins with its number" {
            titles.filterNot { (name, title) -> title.startsWith("# ${name.substringBefore('-')}: ") }.keys.shouldBeEmpty()
        }

        "the index has one line for each page, in order, with its title" {
            val row = Regex("""\| \[(\d{4})]\(([^)]+)\) \| ([^|]+) \| [^|]+\. \|""")
            val rows = (folder / "README.md").readLines().filter { it.startsWith("| [") }
            rows.map { line ->
                row.matchEntire(line)?.destructured?.let { (number, name, title) -> "$name: # $number: $title" } ?: line
            } shouldContainExactly
                titles.map { (name, title) -> "$name: $title" }
        }

        "every page says why, what and at which cost, and then what came later" {
            val sections = listOf("## Context", "## Decision", "## Consequences")
            pages.filterNot { page ->
                val headings = page.readLines().filter { it.startsWith("## ") }
                headings.take(sections.size) == sections && headings.drop(sections.size).all { it.startsWith("## Later: ") }
            }.map { it.name }.shouldBeEmpty()
        }
    })
