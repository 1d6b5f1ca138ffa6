// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.adbapi.ConnectionPool
import dev.torsion.adbapi.Sql
import dev.torsion.adbapi.awaitClose
import dev.torsion.adbapi.awaitOperation
import dev.torsion.adbapi.awaitQuery
import dev.torsion.adbapi.into
import dev.torsion.defer.await
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.react
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe

/** The Kotlin of the guide's page about databases. */
internal class DatabasesGuideSpec :
    StringSpec({
        "the page" {
            react(Reactor.create()) { reactor ->
                val db = ConnectionPool.open(reactor, "jdbc:h2:mem:guidekotlin;DB_CLOSE_DELAY=-1")
                db.awaitOperation("CREATE TABLE fruit(id IDENTITY, name VARCHAR(50) UNIQUE, price INT)")
                db.awaitOperation("INSERT INTO fruit(name, price) VALUES (?, ?)", "plum", 7)
                val cheap = Sql.of("SELECT name, price FROM fruit WHERE price < :most").bind("most", 10).into<Fruit>()
                db.awaitQuery(cheap) shouldBe listOf(Fruit("plum", 7))
                val said = ArrayList<String>()
                db.runInteraction { tx -> tx.update("DELETE FROM fruit WHERE name = ?", "plum") }
                    .addCallback { count -> said.add("$count deleted") }
                    .addErrback { failure -> said.add("rolled back: ${failure.value}") }
                    .await()
                said shouldContainExactly listOf("1 deleted")
                db.awaitClose()
            }
        }
    }) {
    data class Fruit(val name: String, val price: Int, val isRipe: Boolean = true)
}
