// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:Suppress("ktlint:standard:no-unused-imports") // they are what is tested: each of them compiles

package dev.torsion.examples.guide

import dev.torsion.adbapi.awaitBatch
import dev.torsion.adbapi.awaitClose
import dev.torsion.adbapi.awaitInsert
import dev.torsion.adbapi.awaitInteraction
import dev.torsion.adbapi.awaitOperation
import dev.torsion.adbapi.awaitQuery
import dev.torsion.adbapi.awaitWithConnection
import dev.torsion.adbapi.into
import dev.torsion.clock.addTimeout
import dev.torsion.clock.callLater
import dev.torsion.clock.deferLater
import dev.torsion.defer.await
import dev.torsion.defer.deferred
import dev.torsion.defer.inlineCallbacks
import dev.torsion.defer.toDeferred
import dev.torsion.defer.trap
import dev.torsion.framing.connect
import dev.torsion.framing.serve
import dev.torsion.reactor.react
import dev.torsion.reactor.reactorScope
import dev.torsion.reactor.resolve
import dev.torsion.reactor.stopOnShutdown
import dev.torsion.testkit.advance
import dev.torsion.testkit.runFor
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.runTest
import dev.torsion.testkit.successResultOf
import dev.torsion.web.client.fetch
import dev.torsion.web.client.json
import dev.torsion.web.client.readBody
import dev.torsion.web.json
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.collections.shouldHaveAtLeastSize
import java.io.File

/** The imports of docs/guide/kotlin-imports.md are those of this file. */
class KotlinImportsSpec :
    StringSpec({
        "every import of the page exists" {
            val root = generateSequence(File("").absoluteFile) { it.parentFile }.first { File(it, "README.md").exists() }
            val page = File(root, "docs/guide/kotlin-imports.md").readText()
            val named = Regex("""`(dev\.torsion(?:\.[a-z]+)+\.[a-z]\w+)""").findAll(page).map { it.groupValues[1] }.toSet()
            named shouldHaveAtLeastSize 15
            val source = File(root, "examples/src/test/kotlin/dev/torsion/examples/guide/KotlinImportsSpec.kt").readLines()
            source.filter { it.startsWith("import ") }.map { it.removePrefix("import ") } shouldContainAll named
        }
    })
