// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import org.w3c.dom.Element
import java.nio.file.Path
import javax.xml.parsers.DocumentBuilderFactory
import kotlin.io.path.div
import kotlin.io.path.readText

/** The BOM has the versions of all that is published, and of what must fit to it. */
internal class BomSpec :
    StringSpec({
        val root = TorsionModule.root
        val managed = dependencies(root / "bom" / "pom.xml")

        fun property(name: String) = Regex("<$name>([^<]+)</$name>").find((root / "pom.xml").readText())!!.groupValues[1]

        "every published artifact is in it" {
            managed.filter { it.first == "\${project.groupId}" }.map { it.second } shouldContainExactlyInAnyOrder
                TorsionModule.entries.filter { it.published }.map { artifactId(it.directory / "pom.xml") }
        }

        "Kotlin and its coroutines have the versions that the artifacts are compiled with" {
            managed.filterNot { it.first == "\${project.groupId}" }.associate { it.second to it.third } shouldBe mapOf(
                "kotlin-stdlib" to property("kotlin.version"),
                "kotlin-reflect" to property("kotlin.version"),
                "kotlinx-coroutines-bom" to property("coroutines.version"),
            )
        }
    })

private fun project(pom: Path): Element = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile()).documentElement

private fun artifactId(pom: Path) = project(pom).child("artifactId")

private fun dependencies(pom: Path) = project(pom).getElementsByTagName("dependency").let { all ->
    (0..<all.length).map { all.item(it) as Element }
}.map { Triple(it.child("groupId"), it.child("artifactId"), it.child("version")) }

private fun Element.child(name: String): String =
    (0..<childNodes.length).map { childNodes.item(it) }.filterIsInstance<Element>().single { it.tagName == name }.textContent
