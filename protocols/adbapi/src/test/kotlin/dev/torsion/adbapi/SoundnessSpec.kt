// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import com.zaxxer.hikari.HikariConfig
import com.zaxxer.hikari.HikariDataSource
import dev.torsion.loop.ContextCarrier
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.reactor.Reactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import java.lang.reflect.Proxy
import java.sql.DatabaseMetaData
import java.sql.SQLException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Flow
import java.util.concurrent.ThreadFactory
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** That nothing is lost, nothing unfit is used again, and everybody is told, where the surroundings are not as usual. */
internal class SoundnessSpec :
    FunSpec({
        test("a single statement is committed although the data source's connections come with autocommit off") {
            for (database in listOf(TestDatabase.H2, TestDatabase.POSTGRESQL)) {
                if (!database.isHere.isEnabled) continue
                hikari(database.fresh()) { isAutoCommit = false }.use { source ->
                    withPool(source) { pool ->
                        pool.update("CREATE TABLE t(x INT)").result()
                        pool.update("INSERT INTO t VALUES (1)").result() shouldBe 1
                        pool.insert("INSERT INTO t VALUES (2)").result().count shouldBe 1
                        pool.interaction { it.update("INSERT INTO t VALUES (3)") }.result()
                        pool.query(Sql.of("SELECT COUNT(*) FROM t").into<Int>()).result() shouldBe listOf(3)
                    }
                    source.connection.use { it.autoCommit shouldBe false }
                }
            }
        }

        test("the pool's maxRows ends the statement in the database, not only its result") {
            Touched.count.set(0)
            withPool(TestDatabase.H2.fresh(), ConnectionPoolOptions.DEFAULT.withMaxRows(10)) { pool ->
                pool.update("CREATE ALIAS touched FOR 'dev.torsion.adbapi.Touched.touch'").result()
                shouldThrow<TooManyRowsException> { pool.query("SELECT touched(x) FROM SYSTEM_RANGE(1, 10000)").result() }
            }
            (Touched.count.get() in 1..100) shouldBe true
        }

        test("a connection that is not fit is evicted from the program's own Hikari pool") {
            val inner = HookedSource()
            hikari { dataSource = inner }.use { source ->
                withPool(source) { pool ->
                    inner.on("Connection.rollback") { throw SQLException("no roll-back today", "58000") }
                    shouldThrow<NoSuchElementException> { pool.interaction { throw NoSuchElementException() }.result() }
                    inner.off("Connection.rollback")
                    pool.query("SELECT 1").result()
                    pool.health().evicted shouldBe 1
                    inner.calls.count { it == "DataSource.getConnection" } shouldBe 2
                }
            }
        }

        test("a stream that fails while its subscriber asks for nothing: it is told at once") {
            withPool(TestDatabase.H2.fresh()) { pool ->
                val subscriber = Listening(demand = 0)
                pool.stream(Sql.of("SELECT * FROM nowhere")).subscribe(subscriber)
                subscriber.end.result().shouldBeInstanceOf<BadStatementException>()
                val slow = Listening(demand = 1)
                pool.stream(Sql.of(TestDatabase.H2.numbers).fetchSize(2)).subscribe(slow)
                slow.first.awaitSoon()
                pool.closeAsync()
                slow.end.result().shouldBeInstanceOf<ConnectionPoolClosedException>()
            }
        }

        test("a row that is mapped to null: a publisher fails behind the rows before it, and a flow has it") {
            withPool(TestDatabase.H2.fresh()) { pool ->
                val query = Sql.of("SELECT x FROM SYSTEM_RANGE(1, 5)").map { row -> (row[0] as Number).toInt().takeIf { it != 3 } }
                val got = CopyOnWriteArrayList<Int?>()
                val end = CompletableFuture<Throwable?>()
                pool.stream(query).subscribe(
                    object : Flow.Subscriber<Int?> {
                        override fun onSubscribe(subscription: Flow.Subscription) = subscription.request(Long.MAX_VALUE)

                        override fun onNext(row: Int?) {
                            got.add(row)
                        }

                        override fun onError(error: Throwable) {
                            end.complete(error)
                        }

                        override fun onComplete() {
                            end.complete(null)
                        }
                    },
                )
                end.result().shouldBeInstanceOf<MappingException>().message shouldContain "SYSTEM_RANGE(1, 5)) was mapped to null"
                got shouldBe listOf(1, 2)
                within { pool.health().busy == 0 }
                runBlocking { pool.flow(query).toList() } shouldBe listOf(1, 2, null, 4, 5)
            }
        }

        test("a stream whose reactor has stopped: its subscriber is told on the thread that asks") {
            val reactor = Reactor.create().apply { start() }
            val options = ConnectionPoolOptions.DEFAULT.withCloseTimeout(Duration.ZERO)
            val pool = ConnectionPool.open(reactor, TestDatabase.H2.fresh(), options)
            val subscriber = Listening(demand = 0)
            // A reactor that stops ends the query by an error; a subscriber that has heard nothing by then asks, and hears it.
            pool.stream(Sql.of(TestDatabase.H2.numbers)).subscribe(subscriber)
            reactor.stopAndJoin(Duration.ofSeconds(10)) shouldBe true
            subscriber.subscription.result().request(1)
            subscriber.end.isDone shouldBe true
            val late = Listening(demand = 1)
            pool.stream(Sql.of(TestDatabase.H2.numbers)).subscribe(late)
            late.end.result().shouldBeInstanceOf<ReactorNotRunningException>()
        }

        test("a context carrier that fails, or forgets the work: the caller is told, and the thread goes on") {
            val calls = AtomicInteger()
            val carrier =
                ContextCarrier { work ->
                    when (calls.getAndIncrement()) {
                        0 -> Runnable { throw NoSuchElementException("no context") }
                        1 -> Runnable { }
                        else -> work
                    }
                }
            withPool(TestDatabase.H2.fresh(), ConnectionPoolOptions.DEFAULT.withConnections(1).withContextCarrier(carrier)) { pool ->
                shouldThrow<NoSuchElementException> { pool.query("SELECT 1").result() }
                shouldThrow<IllegalStateException> { pool.query("SELECT 1").result() }
                pool.query("SELECT 1").result().size shouldBe 1
                pool.health().failed shouldBe 2
            }
        }

        test("a pool that gets no helper thread closes its connections all the same, and ends") {
            val closed = AtomicInteger()
            val connections =
                object : PoolConnections by SourceConnections(connect = { null }) {
                    override fun close() {
                        closed.incrementAndGet()
                    }
                }
            val engine =
                PoolEngine(
                    ConnectionPoolOptions.DEFAULT,
                    connections,
                    ThreadFactory {
                        throw OutOfMemoryError("unable to create native thread")
                    },
                )
            val refused = AtomicInteger()
            engine.inHelper({ refused.incrementAndGet() }) { error("there is no thread for it") }
            refused.get() shouldBe 1
            engine.close().get(20, TimeUnit.SECONDS)
            closed.get() shouldBe 1
        }

        test("a time-out and a cancellation end a query whose rows are in memory already") {
            withPool(TestDatabase.H2.fresh(), ConnectionPoolOptions.DEFAULT.withConnections(1)) { pool ->
                val rows = Sql.of("SELECT x FROM SYSTEM_RANGE(1, 1000)")
                val seen = AtomicInteger()
                shouldThrow<StatementTimeoutException> {
                    pool
                        .query(
                            rows.timeout(Duration.ofMillis(50)).map {
                                seen.incrementAndGet()
                                untilTimedOut(pool, 1)
                            },
                        ).result()
                }
                seen.get() shouldBe 1
                val begun = CountDownLatch(1)
                val goOn = CountDownLatch(1)
                seen.set(0)
                val cancelled =
                    pool.query(
                        rows.map {
                            seen.incrementAndGet()
                            begun.countDown()
                            goOn.awaitSoon()
                        },
                    )
                begun.awaitSoon()
                cancelled.cancel(true)
                within { pool.health().cancelled == 1L }
                goOn.countDown()
                pool.query("SELECT 1").result()
                seen.get() shouldBe 1
            }
        }

        test("a mapper that runs another statement: the time-out of the first goes on") {
            withPool(TestDatabase.H2.fresh()) { pool ->
                shouldThrow<StatementTimeoutException> {
                    pool
                        .interaction { tx ->
                            tx.query(
                                Sql.of("SELECT x FROM SYSTEM_RANGE(1, 1000)").timeout(Duration.ofMillis(50)).map {
                                    tx.query("SELECT 1")
                                    untilTimedOut(pool, 1)
                                },
                            )
                        }.result()
                }
                // The one that is inside is ended too.
                shouldThrow<StatementTimeoutException> {
                    pool
                        .interaction { tx ->
                            tx.query(
                                Sql.of("SELECT x FROM SYSTEM_RANGE(1, 1000)").timeout(Duration.ofMillis(50)).map {
                                    tx.query(TestDatabase.H2.slow)
                                },
                            )
                        }.result()
                }
            }
        }

        test("a stream that ends early, and whose statement cannot be cancelled: the statement is closed") {
            val source = HookedSource()
            // Of MariaDB the rest would be read, so a statement is cancelled before it is closed.
            source.on("Connection.getMetaData") { real ->
                val data = real() as DatabaseMetaData
                Proxy.newProxyInstance(javaClass.classLoader, arrayOf(DatabaseMetaData::class.java)) { _, method, arguments ->
                    if (method.name == "getDatabaseProductName") "MariaDB" else method.invoke(data, *arguments.orEmpty())
                }
            }
            source.on("PreparedStatement.cancel") { throw SQLException("not today", "58000") }
            withPool(source, ConnectionPoolOptions.DEFAULT.withPooled(false)) { pool ->
                runBlocking { pool.flow(Sql.of(TestDatabase.H2.numbers).fetchSize(1)).first()["x"] shouldBe 1 }
                within { "Connection.close" in source.calls || "Connection.abort" in source.calls }
            }
            source.calls.count { it == "PreparedStatement.cancel" } shouldBe 1
            source.calls.count { it == "PreparedStatement.close" } shouldBe 1
        }

        test("a coroutine that is cancelled before its work is in the queue takes no place there") {
            val coroutine = CompletableDeferred<kotlinx.coroutines.Job>()
            val calls = AtomicInteger()
            val carrier =
                ContextCarrier { work ->
                    if (calls.getAndIncrement() == 1) runBlocking { coroutine.await().cancel() }
                    work
                }
            withPool(TestDatabase.H2.fresh(), ConnectionPoolOptions.DEFAULT.withConnections(1).withContextCarrier(carrier)) { pool ->
                val begun = CountDownLatch(1)
                val goOn = CountDownLatch(1)
                val first =
                    pool.interaction {
                        begun.countDown()
                        goOn.awaitSoon()
                    }
                begun.awaitSoon()
                runBlocking {
                    val second = async(Dispatchers.Default, CoroutineStart.LAZY) { pool.awaitQuery("SELECT 1") }
                    coroutine.complete(second)
                    shouldThrow<CancellationException> { second.await() }
                    within { second.isCompleted && calls.get() == 2 }
                }
                within { pool.health().waiting == 0 }
                pool.health().busy shouldBe 1
                goOn.countDown()
                first.result()
            }
        }
    }) {
    private class Listening(private val demand: Long) : Flow.Subscriber<Row> {
        val subscription = CompletableFuture<Flow.Subscription>()
        val first = CountDownLatch(1)
        val end = CompletableFuture<Throwable?>()

        override fun onSubscribe(given: Flow.Subscription) {
            if (demand > 0) given.request(demand)
            subscription.complete(given)
        }

        override fun onNext(row: Row) = first.countDown()

        override fun onError(error: Throwable) {
            end.complete(error)
        }

        override fun onComplete() {
            end.complete(null)
        }
    }

    private companion object {
        fun hikari(url: String? = null, configure: HikariConfig.() -> Unit) = HikariDataSource(
            HikariConfig().apply {
                jdbcUrl = url
                maximumPoolSize = 2
                minimumIdle = 0
                initializationFailTimeout = -1
                configure()
            },
        )

        /** Returns [value] when a time-out of [pool] has come. */
        fun <T> untilTimedOut(pool: ConnectionPool, value: T): T {
            val before = pool.health().timedOut
            if (before == 0L) within { pool.health().timedOut > before }
            return value
        }
    }
}

/** A function of H2's that tells how often it was called. */
internal object Touched {
    val count = AtomicInteger()

    @JvmStatic
    fun touch(x: Long): Long {
        count.incrementAndGet()
        return x
    }
}
