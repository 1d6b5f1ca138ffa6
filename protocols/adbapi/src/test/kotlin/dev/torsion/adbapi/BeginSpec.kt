// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.adbapi.ConnectionPoolOptions.Companion.DEFAULT
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import java.sql.DriverManager
import java.sql.SQLException
import java.time.Duration
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/**
 * The driver of PostgreSQL sends `BEGIN` with a transaction's first statement, as a request of its own. A cancellation that meets the `BEGIN`
 * would end only that, and the statement would be committed alone. So no statement of a program goes out before `BEGIN` is answered.
 */
class BeginSpec : FunSpec() {
    init {
        val update = "UPDATE account SET amount = amount - 1 WHERE id = 1"

        /** Runs [block] with the URL of a database that has an account, behind a relay. */
        fun relayedUrl(block: (String, PostgresqlRelay) -> Unit) {
            val url = TestDatabase.POSTGRESQL.fresh()
            withPool(url) { pool -> pool.update("CREATE TABLE account AS SELECT 1 AS id, 1000 AS amount").result() }
            PostgresqlRelay(TestDatabase.POSTGRESQL.server!!.port).use { relay ->
                block(url.replace(Regex("127\\.0\\.0\\.1:\\d+"), "127.0.0.1:${relay.port}") + "&sslmode=disable", relay)
            }
        }

        fun relayed(options: ConnectionPoolOptions = DEFAULT, block: (ConnectionPool, PostgresqlRelay) -> Unit) =
            relayedUrl { url, relay -> withPool(url, options.withConnections(1)) { block(it, relay) } }

        fun begins(transactions: Int, block: (ConnectionPool) -> Unit) = relayed { pool, relay ->
            block(pool)
            relay.begins shouldHaveSize transactions
            relay.begins.flatten().shouldBeEmpty()
        }

        fun moment(
            name: String,
            options: ConnectionPoolOptions = ConnectionPoolOptions.DEFAULT,
            block: (ConnectionPool, PostgresqlRelay) -> Unit,
        ) = test(name).config(enabledOrReasonIf = { TestDatabase.POSTGRESQL.isHere }) {
            relayed(options) { pool, relay ->
                block(pool, relay)
                relay.atBegin = {}
                // Nothing was done, and the pool is as good as before.
                pool.interaction { tx -> tx.query(Sql.of("SELECT amount FROM account").into<Int>()).single() }.result() shouldBe 1000
            }
        }

        moment("one that is cancelled while it begins does nothing") { pool, relay ->
            val made = CompletableFuture<CompletableFuture<*>>()
            relay.atBegin = {
                made.get(20, TimeUnit.SECONDS).cancel(true)
                within { pool.health().cancelled == 1L } // it goes by way of the reactor
            }
            val moved = pool.interaction { tx -> tx.update(update) }
            made.complete(moved)
            shouldThrow<CancellationException> { moved.result() }
        }

        moment("one whose server is lost while it begins fails") { pool, relay ->
            relay.atBegin = relay::cut
            shouldThrow<DatabaseUnavailableException> { pool.interaction { tx -> tx.update(update) }.result() }
        }

        moment(
            "one whose server says nothing while it begins fails in time",
            DEFAULT.withStatementTimeout(Duration.ofMillis(100)),
        ) { pool, relay ->
            val answers = CountDownLatch(1)
            relay.atBegin = { answers.await(20, TimeUnit.SECONDS) }
            shouldThrow<DatabaseUnavailableException> { pool.interaction { tx -> tx.update(update) }.result() }
            answers.countDown()
        }

        val silent: Map<String, (ConnectionPool) -> CompletableFuture<*>> =
            mapOf(
                "a statement" to { pool -> pool.interaction { tx -> tx.update(update) } },
                "a batch" to { pool -> pool.batch(Batch.of("UPDATE account SET amount = ?", listOf(listOf(1)))) },
                "a stream" to { pool -> pool.interaction { tx -> tx.forEach(Sql.of("$update RETURNING id")) {} } },
                "a statement of JDBC's" to { pool -> pool.withConnection { it.createStatement().executeUpdate(update) } },
            )
        for ((name, work) in silent) {
            test("$name whose server says nothing while it begins, on a connection that nobody can cut: who waits is told").config(
                enabledOrReasonIf = { TestDatabase.POSTGRESQL.isHere },
            ) {
                relayedUrl { url, relay ->
                    val source = HookedSource(url)
                    source.on("Connection.abort") {}
                    val options = DEFAULT.withPooled(false).withConnections(1).withCancelTimeout(Duration.ofMillis(100))
                    val answers = CountDownLatch(1)
                    withPool(source, options.withStatementTimeout(Duration.ofMillis(500))) { pool ->
                        relay.atBegin = { answers.await(20, TimeUnit.SECONDS) }
                        try {
                            shouldThrow<StatementTimeoutException> { work(pool).result() }
                        } finally {
                            relay.atBegin = {}
                            answers.countDown()
                        }
                        val amounts = Sql.of("SELECT amount FROM account").timeout(Duration.ofSeconds(10)).into<Int>()
                        pool.query(amounts).result() shouldBe listOf(1000)
                    }
                }
            }
        }

        moment("one that begins anew while the time of a statement runs out whose rows are being read") { pool, relay ->
            val outer = Sql.of("SELECT 1").timeout(Duration.ofMillis(100))
            val timedOut = pool.interaction { tx ->
                tx.query(
                    outer.map {
                        tx.connection().commit()
                        relay.atBegin = { within { pool.health().timedOut == 1L } }
                        relay.cancelsFirst = true
                        tx.update(update)
                    },
                )
            }
            shouldThrow<StatementTimeoutException> { timedOut.result() }
            relay.cancelsFirst = false
        }

        fun case(name: String, transactions: Int, block: (ConnectionPool) -> Unit) = test(name).config(
            enabledOrReasonIf = { TestDatabase.POSTGRESQL.isHere },
        ) { begins(transactions, block) }

        case("an interaction, whose later statements share its transaction", 1) { pool ->
            pool.interaction { tx -> repeat(3) { tx.update(update) } }.result()
        }

        case("one that is read only", 1) { pool ->
            pool.interaction(InteractionOptions.DEFAULT.withReadOnly(true)) { tx -> tx.query("SELECT * FROM account") }.result()
        }

        case("each new transaction of a connection of JDBC's", 3) { pool ->
            pool.withConnection { connection ->
                connection.prepareStatement(update).use { prepared ->
                    prepared.executeUpdate()
                    prepared.executeUpdate()
                    connection.commit()
                    prepared.executeUpdate()
                    connection.rollback()
                    prepared.executeUpdate()
                }
            }.result()
        }

        case("what follows a COMMIT that is written out", 4) { pool ->
            pool.interaction { tx ->
                tx.update(update)
                tx.update("COMMIT")
                tx.update(update)
                val statement = tx.connection().createStatement()
                statement.execute("commit and chain")
                statement.execute("-- back\n rollback")
                statement.execute(update)
                statement.execute("/* over */END")
                statement.executeUpdate(update)
            }.result()
        }

        case("what must be the first statement of a transaction, and is", 1) { pool ->
            val level = pool.interaction { tx ->
                tx.update("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
                tx.query(Sql.of("SHOW TRANSACTION ISOLATION LEVEL").into<String>()).single()
            }
            level.result() shouldBe "serializable"
        }

        test("a lock that is waited for comes before the snapshot").config(enabledOrReasonIf = { TestDatabase.POSTGRESQL.isHere }) {
            val url = TestDatabase.POSTGRESQL.fresh()
            withPool(url) { pool ->
                pool.update("CREATE TABLE account AS SELECT 1 AS id, 1000 AS amount").result()
                DriverManager.getConnection(url).use { other ->
                    other.autoCommit = false
                    other.createStatement().use { it.execute("UPDATE account SET amount = 5") }
                    val options = InteractionOptions.DEFAULT.withIsolation(Isolation.REPEATABLE_READ)
                    val amount = pool.interaction(options) { tx ->
                        tx.update("LOCK TABLE account IN SHARE MODE")
                        tx.query(Sql.of("SELECT amount FROM account").into<Int>()).single()
                    }
                    TestDatabase.POSTGRESQL.awaitRunning(url, "LOCK TABLE%")
                    other.commit()
                    amount.result() shouldBe 5
                }
            }
        }

        case("a transaction that has failed, and goes on from a savepoint", 1) { pool ->
            pool.interaction { tx ->
                tx.update(update)
                tx.update("SAVEPOINT here")
                shouldThrow<DatabaseException> { tx.update("UPDATE nowhere SET amount = 0") }
                tx.update("ROLLBACK TO SAVEPOINT here")
                tx.update(update)
            }.result()
            pool.query("SELECT amount FROM account").result().single()["amount"] shouldBe 998
        }

        case("a transaction that has failed, and is rolled back by a statement or with JDBC", 4) { pool ->
            pool.interaction { tx ->
                shouldThrow<DatabaseException> { tx.update("UPDATE nowhere SET amount = 0") }
                tx.update("ROLLBACK")
                tx.update(update)
                shouldThrow<DatabaseException> { tx.update("UPDATE nowhere SET amount = 0") }
                shouldThrow<DatabaseException> { tx.update(update) }.sqlState shouldBe "25P02"
                tx.update("ROLLBACK")
                tx.update(update)
            }.result()
            pool.withConnection { connection ->
                connection.createStatement().use { statement ->
                    statement.executeUpdate(update)
                    shouldThrow<SQLException> { statement.executeUpdate("UPDATE nowhere SET amount = 0") }
                    statement.execute("ROLLBACK")
                }
            }.result()
        }

        case("rows that are streamed", 1) { pool ->
            runBlocking { pool.flow(Sql.of("UPDATE account SET amount = 0 RETURNING id")).first() }
        }
    }
}
