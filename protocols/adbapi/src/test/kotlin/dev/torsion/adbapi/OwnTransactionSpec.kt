// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.sql.SQLException

/** Programs that end their transactions themselves. */
internal class OwnTransactionSpec :
    FunSpec({
        for (database in TestDatabase.entries) {
            test(
                "${database.name}: a program that ends its transaction itself, and begins another: nothing of it is left to the next one",
            ).config(
                enabledOrReasonIf = { database.isHere },
            ) {
                withPool(database.fresh(), ConnectionPoolOptions.DEFAULT.withConnections(1)) { pool ->
                    pool.update("CREATE TABLE fruit(name VARCHAR(50))").result()
                    pool.withConnection { connection ->
                        connection.createStatement().use { it.executeUpdate("INSERT INTO fruit VALUES ('one')") }
                        connection.autoCommit = true // commits
                    }.result()
                    pool.query("SELECT name FROM fruit").result().size shouldBe 1
                    if (database != TestDatabase.H2) { // whose BEGIN only switches autocommit off
                        pool.withConnection { connection ->
                            connection.autoCommit = true
                            connection.createStatement().use {
                                it.execute("BEGIN")
                                it.executeUpdate("INSERT INTO fruit VALUES ('open')")
                            }
                        }.result()
                        pool.query("SELECT name FROM fruit").result().size shouldBe 1
                    }
                    pool.update("INSERT INTO fruit VALUES ('two')").result()
                    pool.withConnection { connection ->
                        connection.createStatement().use { it.executeUpdate("INSERT INTO fruit VALUES ('three')") }
                        connection.commit()
                        connection.createStatement().use { it.executeUpdate("INSERT INTO fruit VALUES ('four')") }
                        connection.rollback()
                        connection.close()
                    }.result()
                    shouldThrow<DatabaseException> {
                        pool.withConnection { connection ->
                            connection.createStatement().use { it.executeUpdate("INSERT INTO fruit VALUES ('five')") }
                            connection.autoCommit = true
                            throw SQLException("after that", "58000")
                        }.result()
                    }
                    pool.query(Sql.of("SELECT name FROM fruit ORDER BY name").into(String::class.java)).result() shouldBe
                        listOf("five", "one", "three", "two")
                }
            }
        }
    })
