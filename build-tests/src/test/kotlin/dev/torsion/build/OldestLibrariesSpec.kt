// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import com.tngtech.archunit.ArchConfiguration
import com.tngtech.archunit.core.domain.AccessTarget
import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.core.domain.JavaClasses
import com.tngtech.archunit.core.importer.ClassFileImporter
import com.tngtech.archunit.core.importer.Location
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.function.Function
import java.util.jar.JarFile
import kotlin.io.path.div
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name

/**
 * A user's other libraries decide which Kotlin library and which coroutines a program has: those that Spring Boot manages are much older than
 * ours. Everything that our classes call must be there too, or a program fails at the first call.
 *
 * Three artifacts are left out. They bring libraries that ask for a newer Kotlin themselves.
 */
internal class OldestLibrariesSpec : StringSpec({
    val jars = (TorsionModule.root / "build-tests" / "target" / "oldest-libraries").listDirectoryEntries("*.jar")
    val modules = TorsionModule.entries.filter { it.published && it !in NEED_NEWER_KOTLIN }

    "there are the oldest libraries" { jars.size shouldBe 2 }

    // Nothing newer may stand in for what these have not: the class path of this test has our own versions.
    val all: JavaClasses by lazy {
        ArchConfiguration.withThreadLocalScope(
            Function { configuration: ArchConfiguration ->
                configuration.setResolveMissingDependenciesFromClassPath(false)
                ClassFileImporter().importLocations(
                    jars.map { Location.of(JarFile(it.toFile())) } + modules.flatMap { it.classFiles }.map { Location.of(it) },
                )
            },
        )
    }

    "what is missing would be found" {
        val sample = all.get("dev.torsion.defer.Deferred")
        sample.isFullyImported shouldBe true
        all.contain("kotlin.Unit") shouldBe true
        all.contain("kotlin.concurrent.atomics.AtomicsKt") shouldBe false
        all.contain("java.lang.String") shouldBe false
    }

    modules.forEach { module ->
        "$module calls nothing that ${jars.joinToString(" and ") { it.name.removeSuffix(".jar") }} have not" {
            val own = module.classes.map { all.get(it.name) }
            val missing = own.flatMap { it.accessesFromSelf }
                .filter {
                    isOfKotlin(it.targetOwner) && (!it.targetOwner.isFullyImported || it.target.isMissing())
                }.map { it.target.fullName } +
                own.flatMap { it.directDependenciesFromSelf }.map { it.targetClass.baseComponentType }
                    .filter { isOfKotlin(it) && !it.isFullyImported }.map { it.name }
            missing.distinct().sorted().joinToString("\n") shouldBe ""
        }
    }
})

private val NEED_NEWER_KOTLIN = setOf(TorsionModule.JSON, TorsionModule.KTOR, TorsionModule.LOG_JSON)

private fun isOfKotlin(type: JavaClass) =
    type.packageName == "kotlin" || (type.packageName.startsWith("kotlin.") && !type.packageName.startsWith("kotlin.reflect.")) ||
        type.packageName.startsWith("kotlinx.coroutines")

private fun AccessTarget.isMissing(): Boolean = !resolveMember().isPresent && name !in OF_EVERY_OBJECT

private val OF_EVERY_OBJECT = (Any::class.java.methods + Throwable::class.java.methods).map { it.name }.toSet()
