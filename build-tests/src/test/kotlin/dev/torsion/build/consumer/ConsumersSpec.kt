// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.consumer

import dev.torsion.build.TorsionModule
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import kotlin.io.path.Path
import kotlin.io.path.div
import kotlin.io.path.pathString
import kotlin.io.path.readText

/** Programs of users, which get Torsion as an artifact. The README says on what they are tried. */
internal class ConsumersSpec :
    StringSpec({
        val java = Consumer("java")
        "a Java program gets the facade by the BOM, and with it few libraries".config(enabledOrReasonIf = { java.canBeBuilt }) {
            java.check()
            answerOf(java.runOnClassPath("com.example.ShoutingServer")) shouldBe "HELLO"
            java.libraryNames().map { it.replace(Regex("-(\\d|this).*"), "") } shouldContainExactlyInAnyOrder listOf(
                "torsion-java-facade",
                "torsion-core",
                "torsion-framing",
                "kotlin-stdlib",
                "annotations",
                "kotlinx-coroutines-core-jvm",
                "slf4j-api",
                "jspecify",
            )
        }

        val modules = Consumer("modules")
        "a module that requires dev.torsion.java alone compiles and runs".config(enabledOrReasonIf = { modules.canBeBuilt }) {
            modules.check()
            answerOf(modules.runOnModulePath(SHOUTING)) shouldBe "HELLO"
        }

        "a runtime image is linked of it, and serves".config(enabledOrReasonIf = { if (linker.isEnabled) modules.canBeBuilt else linker }) {
            modules.check()
            val image = modules.emptyFolder("image")
            outputOf(
                listOf(JLINK, "--module-path", modules.modulePath(), "--add-modules", "com.example.shouting", "--output", image.pathString),
            )
            val command = listOf((image / "bin" / "java").pathString)
            outputOf(command + "--list-modules").lines() shouldContain "dev.torsion.core@${System.getProperty("consumers.torsion.version")}"
            answerOf(command + listOf("-m", SHOUTING)) shouldBe "HELLO"
        }

        KOTLIN.forEach { (version, library) ->
            val kotlin = Consumer("kotlin", "kotlin.version" to version, "kotlin-stdlib.version" to library)
            "Kotlin $version with kotlin-stdlib $library compiles a program".config(enabledOrReasonIf = { kotlin.canBeBuilt }) {
                kotlin.check()
                answerOf(kotlin.runOnClassPath("com.example.KotlinServerKt")) shouldBe "HELLO"
            }
        }

        SPRING.forEach { (version, libraries) ->
            val spring = Consumer("spring", "spring-boot.version" to version)
            "a program of Spring Boot $version runs with its $libraries".config(enabledOrReasonIf = { spring.canBeBuilt }) {
                spring.check()
                libraries.forEach { spring.libraryNames() shouldContain "$it.jar" }
                answerOf(spring.runOnClassPath("com.example.Application")) shouldBe "HELLO"
            }
        }

        "the README says what is tried here" {
            val readme = (TorsionModule.root / "README.md").readText()
            KOTLIN.keys.forEach { readme shouldContain "Kotlin $it" }
            SPRING.keys.forEach { readme shouldContain "Spring Boot ${it.substringBeforeLast('.')}" }
            val pom = (TorsionModule.root / "build-tests" / "src" / "consumers" / "java" / "pom.xml").readText()
            val version = System.getProperty("consumers.torsion.version")
            val snippets = Regex("(?s)```xml\n(.*?)```").findAll(readme).map { it.groupValues[1] }.toList()
            snippets.size shouldBe 1
            withoutSpace(pom) shouldContain withoutSpace(snippets.single().replace(version, "\${torsion.version}"))
            readme shouldContain "dev.torsion:torsion-bom:$version"
        }
    })

private const val SHOUTING = "com.example.shouting/com.example.shouting.ShoutingServer"

/** Compilers, and the library that each is given: its own, or the one that Torsion brings. */
private val KOTLIN = mapOf("2.2.0" to "2.2.0", "2.3.0" to System.getProperty("consumers.kotlin.version"))

/** The versions of Spring Boot, and what they put in the place of Torsion's own choices. */
private val SPRING = mapOf(
    "3.5.7" to listOf("kotlin-stdlib-1.9.25", "kotlinx-coroutines-core-jvm-1.8.1"),
    "4.0.7" to listOf("kotlin-stdlib-2.2.21", "kotlinx-coroutines-core-jvm-1.10.2"),
)

private val JLINK = Path(System.getProperty("java.home"), "bin", "jlink").pathString

/** Some JDKs come without the files that jlink needs, and link from themselves or not at all. */
private val linker: Enabled by lazy {
    val hasModules = Files.isDirectory(Path(System.getProperty("java.home"), "jmods"))
    when {
        !Files.exists(Path(JLINK)) -> Enabled.disabled("this JDK has no jlink")
        hasModules || "run-time image enabled" in outputOf(listOf(JLINK, "--help")) -> Enabled.enabled
        else -> Enabled.disabled("this JDK has no jmods, and links no image from itself")
    }
}

private fun withoutSpace(text: String) = text.lines().joinToString("\n") { it.trim() }.trim()
