// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.await
import dev.torsion.reactor.reactorScope
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.math.BigDecimal
import java.time.Duration
import java.time.LocalDate
import java.time.LocalDateTime
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.TimeUnit

/** A pool does the same over each database. */
internal class ContractSpec :
    FunSpec({
        for (database in TestDatabase.entries) {
            fun test(
                name: String,
                options: ConnectionPoolOptions = ConnectionPoolOptions.DEFAULT.withConnections(3),
                block: Scene.() -> Unit,
            ) = test("${database.name}: $name").config(enabledOrReasonIf = { database.isHere }) {
                val url = database.fresh()
                withPool(url, options) { pool -> Scene(database, url, this, pool).block() }
            }

            test("the tutorials' program: an INSERT and a SELECT in an interaction, rows as maps, row count, generated key") {
                fruit()
                val (key, count, rows) =
                    pool.interaction { tx ->
                        val key = tx.insert("INSERT INTO fruit(name, price) VALUES (?, ?)", "apple", 3).key()
                        val count = tx.update("UPDATE fruit SET price = price + 1 WHERE id = ?", key)
                        Triple(key, count, tx.query(Sql.of("SELECT name, price FROM fruit").map(RowMapper.maps())))
                    }.result()
                key shouldBe 1
                count shouldBe 1
                rows.map { row -> row.mapKeys { it.key.lowercase() } } shouldContainExactly listOf(mapOf("name" to "apple", "price" to 4))
            }

            test("three voices give the same, each where it belongs") {
                fruit("apple" to 3, "pear" to 5)
                val query = Sql.of("SELECT name FROM fruit WHERE price > ?", 4).into<String>()
                val places = CompletableFuture<Boolean>()
                reactor.callFromThread {
                    pool.runQuery(query).addCallback { rows -> places.complete(rows == listOf("pear") && reactor.isInReactorThread) }
                }
                places.result() shouldBe true
                pool.query(query).thenApply { rows -> rows to reactor.isInReactorThread }.result().first shouldBe listOf("pear")
                runBlocking(Dispatchers.Default) { pool.awaitQuery(query) } shouldBe listOf("pear")
                runBlocking { reactor.reactorScope { pool.runQuery(query).await() } } shouldBe listOf("pear")
            }

            test("rows become records, Kotlin classes, lists, single values") {
                fruit("apple" to 3, "pear" to 5)
                val sql = Sql.of("SELECT id, name AS fruit_name, price FROM fruit ORDER BY id")
                pool.query(sql.into<FruitRecord>()).result() shouldContainExactly listOf(FruitRecord("apple", 3), FruitRecord("pear", 5))
                pool.query(sql.into<FruitData>()).result() shouldContainExactly listOf(FruitData(1, "apple", 3), FruitData(2, "pear", 5))
                pool.query(sql.map(RowMapper.lists())).result().map { it.drop(1) } shouldContainExactly
                    listOf(listOf("apple", 3), listOf("pear", 5))
                pool.query(Sql.of("SELECT COUNT(*) FROM fruit").into<Int>()).result() shouldBe listOf(2)
                val row = pool.query("SELECT id, name FROM fruit WHERE id = ?", 2).result().single()
                row["NAME"] shouldBe "pear"
                row.value<Long>("id") shouldBe 2L
            }

            test("parameters have names or positions, and are only ever bound") {
                fruit("apple" to 3, "pear" to 5, "plum" to 7)
                val nasty = "'; DROP TABLE fruit; --"
                pool.update("INSERT INTO fruit(name, price) VALUES (?, ?)", nasty, 1).result() shouldBe 1
                val named =
                    Sql.of(
                        "SELECT name FROM fruit /* :none */ WHERE name IN (:names) AND price <> :price AND name <> ':none' -- :none\n ORDER BY id",
                    )
                        .bind("names", listOf("apple", "pear", nasty, "plum")).bind(":price", 7)
                pool.query(named.into<String>()).result() shouldContainExactly listOf("apple", "pear", nasty)
                pool.query(Sql.of("SELECT COUNT(*) FROM fruit WHERE name = :n", mapOf("n" to nasty)).into<Int>()).result() shouldBe
                    listOf(1)
            }

            test("values come back as they went") {
                val time = LocalDateTime.of(2026, 11, 26, 12, 34, 56)
                val (text, binary, stamp) =
                    when (database) {
                        TestDatabase.POSTGRESQL -> Triple("TEXT", "BYTEA", "TIMESTAMP")
                        TestDatabase.MARIADB -> Triple("LONGTEXT", "LONGBLOB", "DATETIME")
                        TestDatabase.H2 -> Triple("CLOB", "BLOB", "TIMESTAMP")
                        TestDatabase.SQLITE -> Triple("TEXT", "BLOB", "TEXT")
                    }
                pool.update(
                    "CREATE TABLE things(t $text, b $binary, n NUMERIC(20, 3), f DOUBLE PRECISION, z BOOLEAN, s $stamp, d DATE, e VARCHAR(9), x INT)",
                )
                    .result()
                val long = "ä€𝄞'\"\\".repeat(50_000)
                val bytes = ByteArray(300_000) { it.toByte() }
                pool.update(
                    Sql.of("INSERT INTO things VALUES (:t, :b, :n, :f, :z, :s, :d, :e, :x)").bindAll(
                        mapOf(
                            "t" to long, "b" to bytes, "n" to BigDecimal("12345.678"), "f" to 0.5, "z" to true, "s" to time,
                            "d" to time.toLocalDate(), "e" to TimeUnit.DAYS, "x" to null,
                        ),
                    ),
                ).result() shouldBe 1
                val row = pool.query("SELECT * FROM things").result().single()
                row["t"] shouldBe long
                (row["b"] as ByteArray).contentEquals(bytes) shouldBe true
                row.value<BigDecimal>("n")!!.compareTo(BigDecimal("12345.678")) shouldBe 0
                row["f"] shouldBe 0.5
                row.value<Boolean>("z") shouldBe true
                row.value<LocalDateTime>("s") shouldBe time
                row.value<LocalDate>("d") shouldBe time.toLocalDate()
                row.value<TimeUnit>("e") shouldBe TimeUnit.DAYS
                row["x"] shouldBe null
            }

            test("a batch is done as a whole, or not at all") {
                fruit()
                val insert = "INSERT INTO fruit(name, price) VALUES (?, ?)"
                pool.batch(Batch.of(insert) { it.add("apple", 3).add("pear", 5) }).result().size shouldBe 2
                shouldThrow<UniqueViolationException> {
                    pool.batch(Batch.of(insert, List(1_500) { listOf("name${it % 1_499}", it) })).result()
                }
                pool.batch(Batch.of("INSERT INTO fruit(name, price) VALUES (:n, :p)") { it.add(mapOf("n" to "plum", "p" to 7)) }).result()
                names() shouldContainExactly listOf("apple", "pear", "plum")
            }

            test("an interaction that fails is rolled back, and its connection is as before", options = one) {
                fruit("apple" to 3)
                shouldThrow<NoSuchElementException> {
                    pool.interaction { tx ->
                        tx.update("INSERT INTO fruit(name, price) VALUES ('pear', 5)")
                        throw NoSuchElementException("the program's own")
                    }.result()
                }
                names() shouldBe listOf("apple")
                pool.update("INSERT INTO fruit(name, price) VALUES ('plum', 7)").result()
                pool.withConnection { connection -> connection.autoCommit }.result() shouldBe false
                names() shouldBe listOf("apple", "plum")
                pool.health().evicted shouldBe 0
            }

            test("JDBC's own connection is in a transaction too, and refuses when that is over", options = one) {
                fruit()
                val kept =
                    pool.withConnection { connection ->
                        connection.prepareStatement("INSERT INTO fruit(name, price) VALUES (?, 1)").use {
                            it.setString(1, "apple")
                            it.executeUpdate()
                        }
                        connection.close() // is the pool's business
                        connection
                    }.result()
                names() shouldBe listOf("apple")
                shouldThrow<IllegalStateException> { kept.createStatement() }
                shouldThrow<java.sql.SQLException> {
                    pool.withConnection { c -> c.createStatement().executeQuery("SELECT nothing FROM nowhere") }.resultRaw()
                }
                shouldThrow<BadStatementException> {
                    pool.withConnection { c -> c.createStatement().executeQuery("SELECT nothing FROM nowhere") }.result()
                }
            }

            test("JDBC's own statements and results know each other, and refuse on another thread and afterwards", options = one) {
                fruit("apple" to 3, "plum" to 7)
                val kept =
                    pool.withConnection { connection ->
                        val statement = connection.prepareStatement("SELECT name FROM fruit ORDER BY name")
                        val result = statement.executeQuery()
                        (statement.connection === connection && result.statement === statement) shouldBe true
                        generateSequence { if (result.next()) result.getString("name") else null }.toList() shouldBe listOf("apple", "plum")
                        shouldThrow<IllegalStateException> { onOtherThread { result.getString(1) } }
                        val tables = connection.metaData.getTables(null, null, "%", null)
                        (connection.metaData.connection === connection) shouldBe true
                        tables.next() shouldBe true
                        listOf(statement::getMaxRows, result::getRow, tables::next, connection.metaData::getDatabaseProductName)
                    }.result()
                kept.forEach { call -> shouldThrow<IllegalStateException> { call() } }
            }

            test(
                "a future that is cancelled while its statement runs: the statement ends, and the connection comes back clean",
                options = one,
            ) {
                fruit("apple" to 3)
                repeat(5) {
                    val begun = CountDownLatch(1)
                    val future =
                        pool.interaction { tx ->
                            tx.update("INSERT INTO fruit(name, price) VALUES ('pear', 5)")
                            begun.countDown()
                            tx.query(database.slow)
                        }
                    begun.awaitSoon()
                    if (it % 2 == 0) database.awaitRunning(url, database.slow.take(20) + "%")
                    future.cancel(true) shouldBe true
                    names() shouldBe listOf("apple") // on the only connection
                }
                pool.health().cancelled shouldBe 5
                pool.health().evicted shouldBe 0
            }

            test("a Deferred that is cancelled, and a coroutine that is", options = one) {
                fruit()
                val failed = CompletableFuture<Throwable>()
                reactor.callFromThread {
                    val deferred = pool.runQuery(database.slow)
                    deferred.addErrback { failure -> emptyList<Row>().also { failed.complete(failure.value) } }
                    reactor.callLater(20, TimeUnit.MILLISECONDS) { deferred.cancel() }
                }
                failed.result().shouldBeInstanceOf<DeferredCancelledException>()
                names() shouldBe emptyList()
                val late =
                    runCatching {
                        runBlocking { withTimeout(50) { pool.awaitInteraction { tx -> tx.query(database.slow) } } }
                    }
                late.exceptionOrNull().shouldBeInstanceOf<CancellationException>()
                names() shouldBe emptyList()
            }

            test("JDBC's own statements are cancelled as well", options = one) {
                fruit()
                val begun = CountDownLatch(1)
                val future =
                    pool.withConnection { connection ->
                        connection.createStatement().use {
                            begun.countDown()
                            it.executeQuery(database.slow).next()
                        }
                    }
                begun.awaitSoon()
                future.cancel(true)
                names() shouldBe emptyList()
            }

            test("a statement that takes longer than it may is cancelled; the next one on its connection is not", options = one) {
                fruit()
                val slow = Sql.of(database.slow).timeout(Duration.ofMillis(50))
                repeat(3) {
                    shouldThrow<StatementTimeoutException> { pool.query(slow).result() }
                    shouldThrow<StatementTimeoutException> { pool.interaction { tx -> tx.query(slow) }.result() }
                    names() shouldBe emptyList()
                }
                pool.health().timedOut shouldBe 6
            }

            test("an interaction that takes longer than it may is rolled back", options = one) {
                fruit()
                val options = InteractionOptions.DEFAULT.withTimeout(Duration.ofMillis(100))
                shouldThrow<InteractionTimeoutException> {
                    pool.interaction(options) { tx ->
                        tx.update("INSERT INTO fruit(name, price) VALUES ('pear', 5)")
                        tx.query(database.slow)
                    }.result()
                }
                names() shouldBe emptyList()
            }

            test("many rows are streamed, and only as far as they are wanted", options = one) {
                val numbers = Sql.of(database.numbers).into<Long>()
                runBlocking { pool.flow(numbers).take(250).toList() } shouldBe (1L..250L).toList()
                runBlocking { pool.flow(numbers.sql.fetchSize(7).into<Long>()).map { it * 2 }.take(15).toList() } shouldBe
                    (2L..30L step 2).toList()
                runBlocking { pool.flow(Sql.of("SELECT 1 AS x WHERE 1 = 0").into<Long>()).toList() } shouldBe emptyList()
                pool.query(Sql.of("SELECT 5").into<Int>()).result() shouldBe listOf(5)
                var sum = 0L
                shouldThrow<NoSuchElementException> {
                    pool.interaction { tx ->
                        tx.forEach(numbers) {
                            sum += it
                            if (it == 300L) throw NoSuchElementException()
                        }
                    }.result()
                }
                sum shouldBe 300L * 301 / 2
                pool.query(Sql.of("SELECT 6").into<Int>()).result() shouldBe listOf(6)
            }

            test("no more rows than may be") {
                shouldThrow<TooManyRowsException> { pool.query(Sql.of(database.numbers).maxRows(10)).result() }
                pool.query(Sql.of("SELECT 1").maxRows(1)).result().size shouldBe 1
            }

            test("what the database refuses is told apart") {
                fruit("apple" to 3)
                pool.update(
                    "CREATE TABLE box(id ${database.key}, fruit BIGINT NOT NULL, CHECK (fruit < 1000), FOREIGN KEY (fruit) REFERENCES fruit(id))",
                )
                    .result()
                shouldThrow<UniqueViolationException> { pool.update("INSERT INTO fruit(name, price) VALUES ('apple', 1)").result() }
                shouldThrow<UniqueViolationException> { pool.update("INSERT INTO fruit(id, name, price) VALUES (1, 'other', 1)").result() }
                shouldThrow<ForeignKeyViolationException> { pool.update("INSERT INTO box(fruit) VALUES (99)").result() }
                shouldThrow<NotNullViolationException> { pool.update("INSERT INTO box(fruit) VALUES (?)", null).result() }
                shouldThrow<CheckViolationException> { pool.update("INSERT INTO box(fruit) VALUES (1000)").result() }
                shouldThrow<BadStatementException> { pool.query("SELEC 1").result() }
                val error = shouldThrow<BadStatementException> { pool.query("SELECT nothing FROM nowhere").result() }
                error.cause.shouldBeInstanceOf<java.sql.SQLException>()
                if (database != TestDatabase.SQLITE) error.sqlState shouldStartWith "42"
            }

            test("of two that wait for each other one is told so, and with a retry both succeed") {
                fruit("apple" to 0, "pear" to 0)
                val both = CyclicBarrier(2)

                fun crossing(options: InteractionOptions, isFirstTry: () -> Boolean, first: Int) = pool.interaction(options) { tx ->
                    tx.update("UPDATE fruit SET price = price + 1 WHERE id = ?", first)
                    if (isFirstTry()) both.await(20, TimeUnit.SECONDS)
                    tx.update("UPDATE fruit SET price = price + 1 WHERE id = ?", 3 - first)
                }
                if (database == TestDatabase.SQLITE) return@test // which has one writer at a time
                val plain = listOf(1, 2).map { crossing(InteractionOptions.DEFAULT, { true }, it) }
                val errors = plain.mapNotNull { runCatching { it.result() }.exceptionOrNull() }
                errors.single().shouldBeInstanceOf<DeadlockException>()
                val retried =
                    listOf(1, 2).map {
                        var tries = 0
                        crossing(InteractionOptions.DEFAULT.withRetries(3), { tries++ == 0 }, it)
                    }
                retried.forEach { it.result() shouldBe 1 }
                pool.health().retried shouldBe 1
                pool.query(Sql.of("SELECT price FROM fruit ORDER BY id").into<Int>()).result() shouldBe listOf(3, 3)
            }

            test("of two that change the same row at once, one fails; with a retry none is lost") {
                fruit("apple" to 0)
                val options = InteractionOptions.DEFAULT.withIsolation(Isolation.SERIALIZABLE).withRetries(20)
                val all =
                    runBlocking {
                        List(8) {
                            async(Dispatchers.Default) {
                                pool.awaitInteraction(options) { tx ->
                                    val price = tx.query(Sql.of("SELECT price FROM fruit WHERE id = 1").into<Int>()).single()
                                    tx.update("UPDATE fruit SET price = ? WHERE id = 1", price + 1)
                                }
                            }
                        }.map { it.await() }
                    }
                all.sum() shouldBe 8
                pool.query(Sql.of("SELECT price FROM fruit").into<Int>()).result() shouldBe listOf(8)
            }

            test("keys of several rows, and of columns by name") {
                fruit()
                pool.insert(Sql.of("INSERT INTO fruit(name, price) VALUES ('apple', 3)").keys("id")).result().key() shouldBe 1
                val inserted = pool.insert("INSERT INTO fruit(name, price) VALUES ('pear', 5), ('plum', 7)").result()
                inserted.count shouldBe 2
                // MariaDB tells the first only, SQLite the last only.
                val known = if (database == TestDatabase.MARIADB) 2L else 3L
                inserted.keys.last().get(0, Long::class.javaObjectType) shouldBe known
            }
        }
    }) {
    class Scene(val database: TestDatabase, val url: String, val reactor: dev.torsion.reactor.Reactor, val pool: ConnectionPool) {
        fun fruit(vararg fruit: Pair<String, Int>) {
            pool.update("CREATE TABLE fruit(id ${database.key}, name VARCHAR(100) NOT NULL UNIQUE, price INT)").result()
            for ((name, price) in fruit) pool.update("INSERT INTO fruit(name, price) VALUES (?, ?)", name, price).result()
        }

        fun names(): List<String> = pool.query(Sql.of("SELECT name FROM fruit ORDER BY id").into<String>()).result()
    }

    data class FruitData(val id: Long, val fruitName: String, val price: Int?, val isRipe: Boolean = true)

    @JvmRecord
    data class FruitRecord(val fruitName: String, val price: Int)

    private companion object {
        val one = ConnectionPoolOptions.DEFAULT.withConnections(1)

        fun <T> onOtherThread(call: () -> T): T = CompletableFuture.supplyAsync { runCatching(call) }.result().getOrThrow()

        fun <T> CompletableFuture<T>.resultRaw(): T = try {
            result()
        } catch (e: DatabaseException) {
            throw e.cause!!
        }
    }
}
