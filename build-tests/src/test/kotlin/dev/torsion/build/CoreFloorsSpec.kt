// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import com.tngtech.archunit.base.DescribedPredicate
import com.tngtech.archunit.base.DescribedPredicate.describe
import com.tngtech.archunit.base.DescribedPredicate.not
import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf
import com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses
import io.kotest.core.spec.style.StringSpec
import java.net.URI
import java.net.URL

/** Core is built in floors: a package imports from its own floor and from those below it, never from above. */
internal class CoreFloorsSpec : StringSpec({
    val floors = listOf(
        listOf("dev.torsion.log.."),
        listOf("dev.torsion.defer.."),
        listOf("dev.torsion.clock.."),
        listOf("dev.torsion.net.."),
        listOf("dev.torsion.name.."),
        listOf("dev.torsion.spi.."),
        listOf("dev.torsion.health..", "dev.torsion.loop..", "dev.torsion.stream..", "dev.torsion.nio..", "dev.torsion.reactor..", "dev.torsion.group.."),
        listOf("dev.torsion.tls..", "dev.torsion.endpoint..", "dev.torsion.service.."),
    )
    val order = floors.joinToString(" -> ") { floor -> floor.joinToString { it.removePrefix("dev.torsion.").removeSuffix("..") } }

    floors.dropLast(1).forEachIndexed { level, floor ->
        val above = floors.drop(level + 1).flatten().toTypedArray()
        "${floor.first().removeSuffix("..")} imports nothing from a floor above it" {
            noClasses().that().resideInAnyPackage(*floor.toTypedArray())
                .should().dependOnClassesThat(resideInAnyPackage(*above).and(isNoMarker))
                .because("core's floors are, lowest first, $order, and a lower one never imports a higher one")
                .allowEmptyShould(true)
                .check(TorsionModule.CORE.classes)
        }
    }

    "defer knows neither sockets nor java.nio" {
        noClasses().that().resideInAPackage("dev.torsion.defer..")
            .should().dependOnClassesThat(areSocketsOrNio)
            .because("a Deferred is usable without a reactor: a result that is not there yet has nothing to do with where it comes from")
            .allowEmptyShould(true)
            .check(TorsionModule.CORE.classes)
    }

    "every class of core stands on a floor" {
        classes().should().resideInAnyPackage(*floors.flatten().toTypedArray())
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
