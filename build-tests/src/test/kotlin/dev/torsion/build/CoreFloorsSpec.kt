// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import com.tngtech.archunit.base.DescribedPredicate
import com.tngtech.archunit.base.DescribedPredicate.alwaysTrue
import com.tngtech.archunit.base.DescribedPredicate.describe
import com.tngtech.archunit.base.DescribedPredicate.not
import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf
import com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices
import io.kotest.core.spec.style.StringSpec
import java.net.URI
import java.net.URL

/** Core is built in floors: a package imports from its own floor and from those below it, never from above. */
internal class CoreFloorsSpec : StringSpec({
    val floors = listOf(
        "log", "defer", "clock", "net", "name", "spi", "loop", "health", "stream", "datagram", "nio", "reactor", "group", "tls",
        "process", "endpoint", "policies", "service",
    )
    val order = floors.joinToString(" -> ")

    fun packages(names: List<String>) = names.map { "dev.torsion.$it.." }.toTypedArray()

    floors.dropLast(1).forEachIndexed { level, floor ->
        "$floor imports nothing from a floor above it" {
            noClasses().that().resideInAPackage("dev.torsion.$floor..")
                .should().dependOnClassesThat(resideInAnyPackage(*packages(floors.drop(level + 1))).and(isNoMarker))
                .because("core's floors are, lowest first, $order, and a lower one never imports a higher one")
                .allowEmptyShould(true)
                .check(TorsionModule.CORE.classes)
        }
    }

    "there is no cycle between packages" {
        slices().matching("dev.torsion.(**)").should().beFreeOfCycles()
            .because("of two packages that know each other neither can be read, tested or replaced alone")
            .ignoreDependency(alwaysTrue(), not(isNoMarker))
            .check(TorsionModule.CORE.classes)
    }

    "defer knows neither sockets nor java.nio" {
        noClasses().that().resideInAPackage("dev.torsion.defer..")
            .should().dependOnClassesThat(areSocketsOrNio)
            .because("a Deferred is usable without a reactor: a result that is not there yet has nothing to do with where it comes from")
            .allowEmptyShould(true)
            .check(TorsionModule.CORE.classes)
    }

    "every class of core stands on a floor" {
        classes().should().resideInAnyPackage(*packages(floors))
            .because("a package outside the floors would escape their rule: give it a floor in this test first")
            .allowEmptyShould(true)
            .check(TorsionModule.CORE.classes)
    }
})

/** The marker of what may change needs nothing, so every floor may carry it. */
private val isNoMarker: DescribedPredicate<JavaClass> =
    describe("are not @TorsionSpi") { it.name != "dev.torsion.spi.TorsionSpi" }

/** A [java.net.URL] only names a place, such as a class's jar, and reaches no network by being there. */
private val areSocketsOrNio: DescribedPredicate<JavaClass> =
    resideInAnyPackage("java.nio..", "java.net..", "javax.net..")
        .and(not(belongToAnyOf(URL::class.java, URI::class.java)))
        .`as`("are sockets or java.nio")
