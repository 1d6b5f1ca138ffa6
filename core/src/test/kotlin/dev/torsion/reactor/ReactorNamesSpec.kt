// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.group.ReactorGroup
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeUnique
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.time.Duration

class ReactorNamesSpec :
    StringSpec({
        fun nameOf(reactor: Reactor): String = reactor.toString().substringAfter("(").substringBefore(",")

        "reactors without a name of their own have distinct ones, in groups too" {
            val options = ReactorOptions()
            val reactors = List(2) { Reactor.create(options) }
            val groups = List(2) { ReactorGroup.create(2) }
            try {
                val names = (reactors + groups.flatMap { it.reactors }).map(::nameOf)
                names shouldHaveSize 6
                names.shouldBeUnique()
                names.forEach { it shouldContain "torsion-reactor" }
            } finally {
                reactors.forEach { it.stopAndJoin(Duration.ofSeconds(10)) }
                groups.forEach { it.close() }
            }
        }

        "a name that was chosen stays as it is" {
            val reactors = List(2) { Reactor.create(ReactorOptions("orders")) }
            reactors.map(::nameOf) shouldBe listOf("orders", "orders")
            reactors.forEach { it.stopAndJoin(Duration.ofSeconds(10)) }
        }
    })
