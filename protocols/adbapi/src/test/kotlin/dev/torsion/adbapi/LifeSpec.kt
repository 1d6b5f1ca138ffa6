// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.loop.ContextCarrier
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.reactor.Reactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import java.net.InetAddress
import java.net.ServerSocket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ThreadFactory
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random

/** Servers that go and come back, pools that close, and everything cancelled at random. */
internal class LifeSpec :
    FunSpec({
        for (database in listOf(TestDatabase.POSTGRESQL, TestDatabase.MARIADB)) {
            test("${database.name}: a server that is lost in the middle, and back: the next query works").config(
                enabledOrReasonIf = { database.isHere },
            ) {
                val options = ConnectionPoolOptions.DEFAULT.withConnections(2).withConnectTimeout(Duration.ofMillis(500))
                val url = database.fresh()
                withPool(url, options) { pool ->
                    pool.update("CREATE TABLE fruit(name VARCHAR(50))").result()
                    val begun = CountDownLatch(1)
                    val lost =
                        pool.interaction { tx ->
                            tx.update("INSERT INTO fruit VALUES ('apple')")
                            begun.countDown()
                            tx.query(database.slow)
                        }
                    begun.awaitSoon()
                    database.awaitRunning(url, database.slow.take(20) + "%")
                    database.server!!.stop()
                    shouldThrow<DatabaseUnavailableException> { lost.result() }
                    shouldThrow<DatabaseUnavailableException> { pool.query("SELECT 1").result() }
                    database.server!!.start()
                    pool.query(Sql.of("SELECT COUNT(*) FROM fruit").into<Int>()).result() shouldBe listOf(0)
                    val all = List(8) { pool.update("INSERT INTO fruit VALUES ('pear')") }
                    all.sumOf { it.result() } shouldBe 8
                }
            }
        }

        test("a server that is not there: each query fails in time, and none is stuck") {
            val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
            val options = ConnectionPoolOptions.DEFAULT.withConnections(2).withConnectTimeout(Duration.ofMillis(250))
            withPool("jdbc:postgresql://127.0.0.1:$port/none", options) { pool ->
                val all = List(6) { pool.query("SELECT 1") }
                for (one in all) shouldThrow<DatabaseUnavailableException> { one.result() }
                val cancelled = pool.query("SELECT 1")
                cancelled.cancel(true)
            }
        }

        for (database in TestDatabase.entries) {
            test("${database.name}: cancelled at random moments, a thousand interactions lose nothing and leave nothing").config(
                enabledOrReasonIf = { database.isHere },
            ) {
                val options = ConnectionPoolOptions.DEFAULT.withConnections(3).withQueueLimit(10_000)
                withPool(database.fresh(), options) { pool ->
                    pool.update("CREATE TABLE account(id INT PRIMARY KEY, amount INT)").result()
                    pool.update("INSERT INTO account VALUES (1, 1000), (2, 0)").result()
                    val moved = AtomicInteger()
                    val random = Random(database.ordinal)
                    val transfer: (Transaction) -> Unit = { tx ->
                        tx.update("UPDATE account SET amount = amount - 1 WHERE id = 1")
                        tx.query("SELECT amount FROM account WHERE id = 1")
                        tx.update("UPDATE account SET amount = amount + 1 WHERE id = 2")
                    }
                    runBlocking(Dispatchers.Default) {
                        val retries = InteractionOptions.DEFAULT.withRetries(50)
                        repeat(1_000) { round ->
                            val micros = random.nextLong(50, 4_000)
                            launch {
                                when (round % 3) {
                                    0 -> {
                                        val future = pool.interaction(retries) { tx -> transfer(tx) }
                                        future.orTimeout(micros, java.util.concurrent.TimeUnit.MICROSECONDS)
                                        if (runCatching { future.result() }.isSuccess) moved.incrementAndGet()
                                    }
                                    1 -> {
                                        val limited = retries.withTimeout(Duration.ofNanos(micros * 1_000))
                                        if (runCatching { pool.awaitInteraction(limited, transfer) }.isSuccess) moved.incrementAndGet()
                                    }
                                    else ->
                                        if (withTimeoutOrNull(micros / 1_000 + 1) { pool.awaitInteraction(retries, transfer) } != null) {
                                            moved.incrementAndGet()
                                        }
                                }
                            }
                        }
                    }
                    // Interactions wait for those that are still being rolled back.
                    val amounts = pool.query(Sql.of("SELECT amount FROM account ORDER BY id").into<Int>()).result()
                    amounts.sum() shouldBe 1_000
                    // A commit at the very moment of its cancellation counts too.
                    (amounts[1] >= moved.get()) shouldBe true
                    List(6) { pool.interaction { tx -> tx.query("SELECT 1").size } }.sumOf { it.result() } shouldBe 6
                }
            }
        }

        test("closing waits for what runs, until its deadline; then that is cancelled") {
            val reactor = Reactor.create().apply { start() }
            val options = ConnectionPoolOptions.DEFAULT.withConnections(1).withCloseTimeout(Duration.ofMillis(50))
            val pool = ConnectionPool.open(reactor, TestDatabase.H2.fresh(), options)
            val begun = CountDownLatch(1)
            val running =
                pool.interaction { tx ->
                    begun.countDown()
                    tx.query(TestDatabase.H2.slow)
                }
            val waiting = pool.query("SELECT 1")
            begun.awaitSoon()
            pool.close()
            shouldThrow<ConnectionPoolClosedException> { running.result() }
            shouldThrow<ConnectionPoolClosedException> { waiting.result() }
            pool.close() // again
            pool.health().connections shouldBe 0
            reactor.stopAndJoin(Duration.ofSeconds(10)) shouldBe true
        }

        test("closing ends although a program's own code does not") {
            val reactor = Reactor.create().apply { start() }
            val options =
                ConnectionPoolOptions.DEFAULT
                    .withConnections(1)
                    .withCloseTimeout(Duration.ZERO)
                    .withCancelTimeout(Duration.ofMillis(50))
            val pool = ConnectionPool.open(reactor, TestDatabase.H2.fresh(), options)
            val begun = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            val stuck =
                pool.interaction {
                    begun.countDown()
                    goOn.await()
                }
            begun.awaitSoon()
            pool.close()
            shouldThrow<ConnectionPoolClosedException> { stuck.result() }
            goOn.countDown()
            reactor.stopAndJoin(Duration.ofSeconds(10)) shouldBe true
        }

        test("closing on a thread of the pool's own, and on the reactor's, does not wait for itself") {
            val reactor = Reactor.create().apply { start() }
            val first = ConnectionPool.open(reactor, TestDatabase.H2.fresh())
            first.interaction { first.close() }.result()
            first.closeAsync().result() shouldBe null
            val second = ConnectionPool.open(reactor, TestDatabase.H2.fresh())
            val closed = CompletableFuture<Void?>()
            reactor.callFromThread {
                second.close()
                second.runClose().addCallback { closed.complete(null) }
            }
            closed.result()
            reactor.stopAndJoin(Duration.ofSeconds(10)) shouldBe true
        }

        test("a reactor that stops waits for what runs, hands its results over, and closes the pool") {
            val reactor = Reactor.create().apply { start() }
            val pool = ConnectionPool.open(reactor, TestDatabase.H2.fresh())
            val begun = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            val deferred = CompletableFuture<Int>()
            reactor.callFromThread {
                pool
                    .runInteraction { tx ->
                        begun.countDown()
                        goOn.awaitSoon()
                        tx.query("SELECT 1").size
                    }.addCallback { deferred.complete(it) }
            }
            begun.awaitSoon()
            reactor.stopFromThread()
            pool.closeAsync() // by hand as well
            goOn.countDown()
            deferred.result() shouldBe 1
            reactor.stopAndJoin(Duration.ofSeconds(10)) shouldBe true
            shouldThrow<ConnectionPoolClosedException> { pool.query("SELECT 1").result() }
            shouldThrow<ReactorNotRunningException> { ConnectionPool.open(reactor, TestDatabase.H2.fresh()) }
        }

        test("a URL that no driver knows is an error at once, which does not tell the password") {
            val reactor = Reactor.create()
            val error = shouldThrow<DatabaseException> { ConnectionPool.open(reactor, "jdbc:nosuch://host/db?password=secret") }
            error.message!! shouldContain "jdbc:nosuch"
            error.message!! shouldNotContain "secret"
        }

        test("each connection to SQLite's memory has a database of its own, so there is one; H2's stays while nobody uses it") {
            withPool("jdbc:sqlite::memory:") { pool ->
                pool.update("CREATE TABLE t(x INT)").result()
                val all = List(20) { pool.update("INSERT INTO t VALUES (?)", it) }
                all.forEach { it.result() }
                pool.query(Sql.of("SELECT COUNT(*) FROM t").into<Int>()).result() shouldBe listOf(20)
                pool.health().connections shouldBe 1
            }
        }

        test("threads of one's own, and what they take along") {
            val named = AtomicInteger()
            val factory = ThreadFactory { work -> Thread(work, "own-${named.incrementAndGet()}") }
            val request = ThreadLocal<String>()
            val carrier =
                ContextCarrier { work ->
                    val mine = request.get()
                    Runnable {
                        request.set(mine)
                        try {
                            work.run()
                        } finally {
                            request.remove()
                        }
                    }
                }
            val options = ConnectionPoolOptions.DEFAULT.withThreadFactory(factory).withContextCarrier(carrier)
            withPool(TestDatabase.H2.fresh(), options) { pool ->
                request.set("42")
                pool.interaction { Thread.currentThread().name to request.get() }.result() shouldBe ("own-1" to "42")
                request.remove()
                pool.interaction { request.get() }.result() shouldBe null
            }
        }

        test("virtual threads").config(
            enabledOrReasonIf = {
                if (Runtime.version().feature() >= 21) Enabled.enabled else Enabled.disabled("virtual threads come with Java 21")
            },
        ) {
            for (database in TestDatabase.entries.filter { it.isHere.isEnabled }) {
                val options = ConnectionPoolOptions.DEFAULT.withThreadFactory(virtualThreads()).withConnections(10)
                withPool(database.fresh(), options) { pool ->
                    val all = List(200) { pool.interaction { tx -> tx.query("SELECT 1").size } }
                    all.sumOf { it.result() } shouldBe 200
                    val slow = pool.query(database.slow)
                    pool.query("SELECT 1").result().size shouldBe 1
                    slow.cancel(true)
                    (pool.health().threads in 1..10) shouldBe true
                }
            }
        }
    }) {
    private companion object {
        /** `Thread.ofVirtual().factory()`, which JDK 17 does not have. */
        fun virtualThreads(): ThreadFactory {
            val builder = Thread::class.java.getMethod("ofVirtual").invoke(null)
            return Class.forName("java.lang.Thread\$Builder").getMethod("factory").invoke(builder) as ThreadFactory
        }
    }
}
