// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import com.tngtech.archunit.core.domain.JavaClass
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import kotlin.io.path.div
import kotlin.io.path.nameWithoutExtension
import kotlin.io.path.readText

/** docs/architecture.md tells of the code that there is. */
internal class ArchitectureSpec :
    StringSpec({
        val page = (TorsionModule.root / "docs" / "architecture.md").readText()
        val picture = (TorsionModule.root / "docs" / "architecture.svg").readText()
        val rooms = Regex("(?m)^### `(\\w+)`$").findAll(page.substringAfter("## The packages of core")).map { it.groupValues[1] }.toList()
        val core = TorsionModule.CORE.classes.groupBy(::room)

        "every package of core has its paragraph, and is in the picture" {
            rooms shouldContainExactlyInAnyOrder core.keys
            withClue("docs/architecture.svg shows every package of core") { rooms.filterNot { ">$it<" in picture }.shouldBeEmpty() }
        }

        "a package of core imports only from itself and from those above it on the page" {
            val wrong = core.flatMap { (from, classes) ->
                classes.flatMap { it.directDependenciesFromSelf }.map { it.targetClass.baseComponentType to it.originClass }
                    .filter { (target, _) -> target.packageName.startsWith("dev.torsion.") && target.name != MARKER }
                    .filter { (target, _) -> rooms.indexOf(room(target)) > rooms.indexOf(from) }
                    .map { (target, origin) -> "${origin.name} -> ${target.name}" }
            }
            withClue("the page lists the lowest floor first") { wrong.distinct().sorted().joinToString("\n") shouldBe "" }
        }

        "every module has its line" {
            val lines = Regex("(?m)^\\| `([\\w/-]+)` \\|").findAll(page.substringAfter("## The modules")).map { it.groupValues[1] }.toList()
            lines shouldContainExactlyInAnyOrder TorsionModule.entries.map { it.toString() }
        }

        "every type and every method that the page names is there" {
            val classes = TorsionModule.allClasses.groupBy { it.simpleName }
            val libraries by lazy {
                listOf(TorsionModule.CORE, TorsionModule.JAVA_FACADE).flatMap { module ->
                    module.classes.flatMap { it.directDependenciesFromSelf }
                }
                    .map { it.targetClass.simpleName }.toSet()
            }
            val named = Regex("`([A-Z]\\w+)(?:\\.(\\w+))?`").findAll(page).map { it.groupValues[1] to it.groupValues[2] }.toSet()
            named.size shouldBeGreaterThan 40
            named.filterNot { (type, member) ->
                val ours = classes[type]
                if (ours == null) type in testClasses || type in libraries else member.isEmpty() || ours.any { has(it, member) }
            }.joinToString { (type, member) -> "$type.$member".removeSuffix(".") } shouldBe ""
        }
    })

private const val MARKER = "dev.torsion.spi.TorsionSpi"

/** The package below `dev.torsion` that [type] is in. */
private fun room(type: JavaClass): String = type.packageName.removePrefix("dev.torsion.").substringBefore('.')

/** Whether [type] has a method, a field or a property called [member]; the compiler adds to names that have value classes in them. */
private fun has(type: JavaClass, member: String): Boolean {
    val getter = "get" + member.replaceFirstChar(Char::uppercase)
    return type.allMethods.any { it.name == member || it.name == getter || it.name.startsWith("$member-") } ||
        type.allFields.any { it.name == member }
}

private val testClasses: Set<String> by lazy {
    (TorsionModule.entries.map { it.directory } + listOf(TorsionModule.root / "build-tests")).map { it / "src" / "test" }
        .filter(Files::isDirectory)
        .flatMap { folder -> Files.walk(folder).use { paths -> paths.map { it.nameWithoutExtension }.toList() } }
        .toSet()
}
