// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.time.Duration

/** Mistakes of the program: each is an error, on every database, and the message says which. */
internal class WrongCallsSpec :
    FunSpec({
        for (database in TestDatabase.entries) {
            test("${database.name}: values that are missing or too many are errors, and the connection stays").config(
                enabledOrReasonIf = { database.isHere },
            ) {
                withPool(database.fresh(), ConnectionPoolOptions.DEFAULT.withConnections(1)) { pool ->
                    pool.update("CREATE TABLE t(x INT, y INT)").result()
                    val insert = "INSERT INTO t(x, y) VALUES (?, ?)"
                    val errors =
                        listOf(
                            shouldThrow<RuntimeException> { pool.update(insert).result() },
                            shouldThrow<RuntimeException> { pool.update(insert, 1).result() },
                            shouldThrow<RuntimeException> { pool.update(insert, 1, 2, 3).result() },
                            shouldThrow<RuntimeException> { pool.batch(Batch.of(insert) { it.add(1) }).result() },
                            shouldThrow<RuntimeException> { pool.interaction { tx -> tx.update(insert, 1) }.result() },
                        )
                    for (error in errors) {
                        withClue(error) {
                            (error is MappingException || error is DatabaseException) shouldBe true
                            (error is DatabaseUnavailableException) shouldBe false
                        }
                    }
                    pool.update(insert, 1, null).result() shouldBe 1
                    pool.query(Sql.of("SELECT COUNT(*) FROM t").into<Int>()).result() shouldBe listOf(1)
                    pool.health().evicted shouldBe 0
                }
            }

            test("${database.name}: a name without a value is told").config(enabledOrReasonIf = { database.isHere }) {
                withPool(database.fresh()) { pool ->
                    pool.update("CREATE TABLE t(x INT)").result()
                    val error = shouldThrow<RuntimeException> { pool.query("SELECT x FROM t WHERE x = :least").result() }
                    error.message shouldContain if (database == TestDatabase.SQLITE) "parameters is 1" else "no value was given for :least"
                    val bad = shouldThrow<BadStatementException> { pool.query("SELECT x FROM nowhere").result() }
                    ("no value" in bad.message.orEmpty()) shouldBe false
                }
            }
        }

        test("a map in the place of a value for a question mark is told") {
            withPool(TestDatabase.H2.fresh()) { pool ->
                shouldThrow<MappingException> { pool.query("SELECT :x", mapOf("x" to 1)).result() }
                    .message shouldContain "Sql.of(text, map)"
            }
        }

        test("a pool that gets no connection says what the driver has said") {
            val options = ConnectionPoolOptions.DEFAULT.withConnectTimeout(Duration.ofMillis(250))
            withPool("jdbc:h2:mem:nowhere;IFEXISTS=TRUE", options) { pool ->
                shouldThrow<DatabaseUnavailableException> { pool.query("SELECT 1").result() }
                    .message shouldContain "not found"
            }
        }
    })
