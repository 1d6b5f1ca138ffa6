// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import com.tngtech.archunit.base.DescribedPredicate
import com.tngtech.archunit.base.DescribedPredicate.describe
import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.lang.ArchCondition
import com.tngtech.archunit.lang.ConditionEvents
import com.tngtech.archunit.lang.SimpleConditionEvent
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses
import com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import kotlin.io.path.div
import kotlin.io.path.extension
import kotlin.io.path.name
import kotlin.io.path.readText

/** The duties of the modules: which of them may use which, whose a package is, and who may speak on the console. */
internal class ModuleArrowsSpec : StringSpec({
    "a module uses only the modules below it" {
        classes().should(useOnlyModulesBelow)
            .because("arrows point one way: examples -> java-facade, protocols, interop, testkit -> core, and core knows nobody")
            .allowEmptyShould(true)
            .check(TorsionModule.allClasses)
    }

    "a package belongs to one module" {
        val shared = TorsionModule.entries
            .flatMap { module -> module.classes.map { it.packageName to module }.distinct() }
            .groupBy({ it.first }, { it.second })
            .filterValues { it.size > 1 }
        withClue("A package that lies in two jars cannot be used on the module path: give each module packages of its own.") {
            shared.entries.shouldBeEmpty()
        }
    }

    "only programs print" {
        noClasses().that(arePublished).should(ACCESS_STANDARD_STREAMS)
            .because("a library logs with SLF4J; the console belongs to the program: an example or a benchmark")
            .allowEmptyShould(true)
            .check(TorsionModule.allClasses)
    }

    "only the dispatcher uses internal API of kotlinx-coroutines: Delay, which has no public counterpart" {
        val sources = TorsionModule.entries.filter { it.published }.map { it.directory / "src" / "main" }
            .flatMap { folder -> Files.walk(folder).use { paths -> paths.filter { it.extension in setOf("kt", "java") }.toList() } }
        val internal = Regex("""\bInternal\w*CoroutinesApi\b|\bkotlinx\.coroutines\.(internal|intrinsics)\b""")
        withClue("It changes from version to version, and users bring other versions than ours.") {
            sources.filter { internal.containsMatchIn(it.readText()) }.map { it.name } shouldBe listOf("LoopDispatcher.kt")
        }
        val optIns = TorsionModule.entries.map { it.directory / "pom.xml" }.plusElement(TorsionModule.root / "pom.xml")
        optIns.filter { internal.containsMatchIn(it.readText()) }.shouldBeEmpty()
        val used = Regex("(?m)^import kotlinx\\.coroutines\\.(\\w+)$").findAll(sources.single { it.name == "LoopDispatcher.kt" }.readText())
        used.map { it.groupValues[1] }.toList() shouldContain "Delay"
    }

    "only dev.torsion.log calls loggers of SLF4J" {
        noClasses().that().resideOutsideOfPackage("dev.torsion.log..")
            .should().dependOnClassesThat().haveFullyQualifiedName("org.slf4j.Logger")
            .orShould().dependOnClassesThat().haveFullyQualifiedName("org.slf4j.LoggerFactory")
            .because(
                "the library logs events with dev.torsion.log.Logger, so that every observer has them; levels and the MDC are SLF4J's own",
            )
            .check(TorsionModule.allClasses)
    }
})

private val arePublished: DescribedPredicate<JavaClass> =
    describe("are published") { TorsionModule.owning(it.name)?.published != false }

private val useOnlyModulesBelow = object : ArchCondition<JavaClass>("use only modules below their own") {
    override fun check(item: JavaClass, events: ConditionEvents) {
        val module = TorsionModule.owning(item.name) ?: return
        item.directDependenciesFromSelf.forEach { dependency ->
            val used = TorsionModule.owning(dependency.targetClass.baseComponentType.name)
            if (used != null && used != module && used !in module.uses) {
                events.add(SimpleConditionEvent.violated(item, "$module must not use $used: ${dependency.description}"))
            }
        }
    }
}
