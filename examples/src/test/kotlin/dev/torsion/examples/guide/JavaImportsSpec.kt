// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.string.shouldContain
import java.io.File

/** The classes of docs/guide/java-imports.md are where it says. */
class JavaImportsSpec :
    StringSpec({
        "every class of the page is in its artifact" {
            val root = generateSequence(File("").absoluteFile) { it.parentFile }.first { File(it, "README.md").exists() }
            val rows = File(root, "docs/guide/java-imports.md").readLines().filter { it.startsWith("| ") && "`dev." in it }
            rows.size shouldBeGreaterThan 20
            for (row in rows) {
                val artifact = Regex("`torsion-([a-z-]+)`").find(row)!!.groupValues[1]
                for (name in Regex("`(dev\\.torsion[A-Za-z0-9.]+)`").findAll(row).map { it.groupValues[1] }) {
                    val place = Class.forName(name, false, javaClass.classLoader).protectionDomain.codeSource.location.toString()
                    withClue(name) { place shouldContain Regex("(/$artifact/target/classes/|torsion-$artifact-[^/]*\\.jar)") }
                }
            }
        }
    })
