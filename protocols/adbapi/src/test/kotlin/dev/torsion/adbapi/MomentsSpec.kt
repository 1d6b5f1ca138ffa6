// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldNotContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.runBlocking
import java.sql.SQLException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger

/** A connection, and those that wait, at each moment that a job may end at. One thread, one connection. */
internal class MomentsSpec :
    FunSpec({
        fun moment(name: String, options: ConnectionPoolOptions = ConnectionPoolOptions.DEFAULT, block: Scene.() -> Unit) = test(name) {
            val source = HookedSource()
            withPool(source, options.withConnections(1)) { pool -> Scene(source, this, pool).block() }
        }

        moment("an interaction that fails with what cannot be described is rolled back") {
            shouldThrow<IllegalStateException> {
                pool.interaction { tx ->
                    tx.update("INSERT INTO fruit(name) VALUES ('first')")
                    throw Mute()
                }.result()
            }
            names() shouldBe emptyList()
        }

        for (pooled in listOf(true, false)) { // a pool looks at an exception itself
            moment(
                "a commit that fails with what cannot be described has an unknown outcome, and its connection goes to nobody: pooled $pooled",
                ConnectionPoolOptions.DEFAULT.withPooled(pooled),
            ) {
                source.on("Connection.commit") { throw Mute() }
                val failed = pool.interaction { it.update("INSERT INTO fruit(name) VALUES ('first')") }
                shouldThrow<CommitOutcomeUnknownException> { failed.result() }
                source.off("Connection.commit")
                names() shouldBe emptyList()
                pool.health().evicted shouldBe 1
            }
        }

        moment(
            "a connection is closed although what cutting it fails with cannot be described",
            ConnectionPoolOptions.DEFAULT.withPooled(false),
        ) {
            source.on("Connection.rollback") { throw SQLException("no roll-back today", "58000") }
            source.on("Connection.abort") { throw Mute() }
            shouldThrow<NoSuchElementException> { pool.interaction { throw NoSuchElementException() }.result() }
            within { "Connection.close" in source.calls }
            source.calls shouldContain "Connection.abort"
            source.off("Connection.rollback")
        }

        moment("cancelled in the queue: it never begins, and its place is free") {
            val first = holdUp()
            val second = pool.interaction { tx -> tx.update("INSERT INTO fruit(name) VALUES ('second')") }
            pool.health().waiting shouldBe 1
            second.cancel(true)
            within { pool.health().waiting == 0 }
            first.release()
            names() shouldBe listOf("first")
        }

        moment("cancelled while it takes a connection: the connection goes back unused", ConnectionPoolOptions.DEFAULT.withPooled(false)) {
            val taking = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            source.on("DataSource.getConnection") { real ->
                taking.countDown()
                goOn.awaitSoon()
                real()
            }
            val ran = AtomicInteger()
            val future = pool.interaction { ran.incrementAndGet() }
            taking.awaitSoon()
            future.cancel(true)
            within { pool.health().cancelled == 1L }
            goOn.countDown()
            within { "Connection.close" in source.calls }
            source.off("DataSource.getConnection")
            ran.get() shouldBe 0
            pool.health().evicted shouldBe 0
            names() shouldBe emptyList()
        }

        moment("cancelled between two statements: the second is refused, the first rolled back") {
            val between = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            val refused = CompletableFuture<Throwable>()
            val future =
                pool.interaction { tx ->
                    tx.update("INSERT INTO fruit(name) VALUES ('first')")
                    between.countDown()
                    goOn.awaitSoon()
                    try {
                        tx.update("INSERT INTO fruit(name) VALUES ('second')")
                    } catch (e: Throwable) {
                        refused.complete(e)
                    }
                    "and goes on as if nothing had happened"
                }
            between.awaitSoon()
            future.cancel(true)
            within { pool.health().cancelled == 1L }
            goOn.countDown()
            refused.result().shouldBeInstanceOf<InteractionCancelledException>()
            names() shouldBe emptyList()
            source.calls shouldNotContain "PreparedStatement.cancel"
            pool.health().evicted shouldBe 0
        }

        moment("cancelled before the driver has sent the statement: it is cancelled again") {
            val cancels = AtomicInteger()
            source.on("PreparedStatement.cancel") { real -> if (cancels.incrementAndGet() < 3) null else real() }
            val begun = CountDownLatch(1)
            source.on("PreparedStatement.execute") { real ->
                begun.countDown()
                real()
            }
            val future = pool.query(TestDatabase.H2.slow)
            begun.awaitSoon()
            future.cancel(true)
            source.off("PreparedStatement.execute")
            names() shouldBe emptyList()
            (cancels.get() >= 3) shouldBe true
        }

        moment("a cancellation that is still on its way: the connection waits for it, and only then goes to the next") {
            val cancelling = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            source.on("PreparedStatement.cancel") { real ->
                cancelling.countDown()
                real()
                goOn.awaitSoon()
            }
            val future = pool.query(TestDatabase.H2.slow)
            within { "PreparedStatement.execute" in source.calls }
            future.cancel(true)
            cancelling.awaitSoon()
            val next = pool.query("SELECT 1")
            pool.health().waiting shouldBe 1 // its thread is not free yet
            source.calls.clear()
            goOn.countDown()
            next.result().size shouldBe 1
            source.calls.indexOf("Connection.isValid") shouldBe
                source.calls.indexOfFirst { it == "Connection.isValid" || it == "Connection.prepareStatement" }
            pool.health().evicted shouldBe 0
        }

        moment("a cancellation that hangs, and a server that does not end the statement: the connection is cut", briefly) {
            val goOn = CountDownLatch(1)
            source.on("PreparedStatement.cancel") { goOn.awaitSoon() }
            source.on("PreparedStatement.execute") {
                goOn.awaitSoon()
                throw SQLException("the connection was cut", "08006")
            }
            source.on("Connection.abort") { goOn.countDown() }
            val future = pool.interaction { tx -> tx.update("INSERT INTO fruit(name) VALUES ('first')") }
            within { "PreparedStatement.execute" in source.calls }
            future.cancel(true)
            goOn.awaitSoon()
            source.off("PreparedStatement.execute")
            names() shouldBe emptyList()
            pool.health().evicted shouldBe 1
        }

        moment("cancelled while it is committed: the commit goes to its end") {
            val committing = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            source.on("Connection.commit") { real ->
                committing.countDown()
                goOn.awaitSoon()
                real()
            }
            val future = pool.interaction { tx -> tx.update("INSERT INTO fruit(name) VALUES ('first')") }
            committing.awaitSoon()
            future.cancel(true)
            shouldThrow<CancellationException> { future.result() }
            goOn.countDown()
            names() shouldBe listOf("first")
            source.calls shouldNotContain "PreparedStatement.cancel"
            pool.health().evicted shouldBe 0
        }

        moment("cancelled while a commit goes on that fails: it is not tried again") {
            val committing = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            val runs = AtomicInteger()
            source.on("Connection.commit") {
                committing.countDown()
                goOn.awaitSoon()
                throw SQLException("could not serialize", "40001")
            }
            val future = pool.interaction(InteractionOptions.DEFAULT.withRetries(1_000)) { runs.incrementAndGet() }
            committing.awaitSoon()
            future.cancel(true)
            within { pool.health().cancelled == 1L }
            goOn.countDown()
            within { pool.health().busy == 0 }
            source.off("Connection.commit")
            runs.get() shouldBe 1
            names() shouldBe emptyList()
        }

        moment(
            "a commit that hangs longer than the interaction may take: the connection is cut, and what has become of it is not known",
            briefly,
        ) {
            val goOn = CountDownLatch(1)
            source.on("Connection.commit") {
                goOn.awaitSoon()
                throw SQLException("the connection was cut", "08006")
            }
            source.on("Connection.abort") { goOn.countDown() }
            val options = InteractionOptions.DEFAULT.withTimeout(Duration.ofMillis(100))
            shouldThrow<CommitOutcomeUnknownException> { pool.interaction(options) { 1 }.result() }
            pool.health().evicted shouldBe 1
        }

        moment("cancelled when the result is on its way: the result is dropped, the connection is back") {
            val blocked = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            reactor.callFromThread {
                blocked.countDown()
                goOn.awaitSoon()
            }
            blocked.awaitSoon()
            val future = pool.update("INSERT INTO fruit(name) VALUES ('first')")
            within { pool.health().succeeded == 2L && pool.health().busy == 0 }
            future.cancel(true) shouldBe true
            goOn.countDown()
            shouldThrow<CancellationException> { future.result() }
            names() shouldBe listOf("first")
        }

        moment("a coroutine that is cancelled at the same moments") {
            val between = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            runBlocking {
                val coroutine =
                    async {
                        pool.awaitInteraction { tx ->
                            tx.update("INSERT INTO fruit(name) VALUES ('first')")
                            between.countDown()
                            goOn.awaitSoon()
                        }
                    }
                val other =
                    async {
                        kotlinx.coroutines.runInterruptible(kotlinx.coroutines.Dispatchers.IO) { between.awaitSoon() }
                        coroutine.cancel()
                    }
                other.await()
                shouldThrow<CancellationException> { coroutine.await() }
            }
            goOn.countDown()
            names() shouldBe emptyList()
        }

        moment("a roll-back that fails: the connection is not used again") {
            source.on("Connection.rollback") { throw SQLException("no roll-back today", "58000") }
            shouldThrow<NoSuchElementException> {
                pool.interaction { tx ->
                    tx.update("INSERT INTO fruit(name) VALUES ('first')")
                    throw NoSuchElementException()
                }.result()
            }
            source.off("Connection.rollback")
            source.calls.clear()
            names() shouldBe emptyList()
            source.calls shouldContain "DataSource.getConnection"
            pool.health().evicted shouldBe 1
        }

        moment("a thread on which an Error was thrown: its connection is not used again, and another takes the next") {
            shouldThrow<StackOverflowError> {
                pool.interaction { tx ->
                    tx.update("INSERT INTO fruit(name) VALUES ('first')")
                    throw StackOverflowError("as if")
                }.result()
            }
            pool.health().evicted shouldBe 1
            names() shouldBe emptyList()
        }

        moment("a thread that is interrupted: the next job is none the wiser") {
            pool.interaction { Thread.currentThread().interrupt() }.result()
            pool.interaction { Thread.currentThread().isInterrupted }.result() shouldBe false
        }

        moment("a commit that fails is a failure; one whose connection is lost is unknown") {
            source.on("Connection.commit") { throw SQLException("deferred check", "23514") }
            shouldThrow<CheckViolationException> {
                pool.interaction { tx -> tx.update("INSERT INTO fruit(name) VALUES ('first')") }.result()
            }
            names() shouldBe emptyList()
            source.on("Connection.commit") { throw SQLException("connection reset", "08006") }
            shouldThrow<CommitOutcomeUnknownException> {
                pool.interaction { tx -> tx.update("INSERT INTO fruit(name) VALUES ('first')") }.result()
            }
            source.off("Connection.commit")
            names() shouldBe emptyList()
        }

        moment("a serialization failure at the commit is tried again, as often as was said and no more") {
            val commits = AtomicInteger()
            val runs = AtomicInteger()
            source.on("Connection.commit") {
                commits.incrementAndGet()
                throw SQLException("could not serialize", "40001")
            }
            shouldThrow<SerializationFailureException> {
                pool.interaction(InteractionOptions.DEFAULT.withRetries(2)) { runs.incrementAndGet() }.result()
            }
            commits.get() shouldBe 3
            runs.get() shouldBe 3
            pool.health().retried shouldBe 2
            // While it waits for the next try, it can be cancelled.
            val tried = CountDownLatch(4)
            source.on("Connection.commit") {
                tried.countDown()
                throw SQLException("could not serialize", "40001")
            }
            val future = pool.interaction(InteractionOptions.DEFAULT.withRetries(1_000)) { 1 }
            tried.awaitSoon()
            future.cancel(true)
            within { pool.health().busy == 0 }
            source.off("Connection.commit")
            names() shouldBe emptyList()
        }

        moment("a connection that is lost: the next query has a new one") {
            names() shouldBe emptyList()
            source.on("PreparedStatement.execute") { throw SQLException("connection reset", "08006") }
            shouldThrow<DatabaseUnavailableException> { names() }
            source.off("PreparedStatement.execute")
            source.calls.clear()
            names() shouldBe emptyList()
            source.calls shouldContain "DataSource.getConnection"
        }

        moment(
            "too many: TooBusyException, nothing is begun, and later there is room again",
            ConnectionPoolOptions.DEFAULT.withQueueLimit(2),
        ) {
            val first = holdUp()
            val waiting = List(2) { pool.query("SELECT 1") }
            shouldThrow<TooBusyException> { pool.query("SELECT 1").result() }
            val deferred = CompletableFuture<Throwable>()
            reactor.callFromThread {
                pool.runQuery("SELECT 1").addErrback { failure -> emptyList<Row>().also { deferred.complete(failure.value) } }
            }
            deferred.result().shouldBeInstanceOf<TooBusyException>()
            shouldThrow<TooBusyException> { runBlocking { pool.awaitQuery("SELECT 1") } }
            shouldThrow<TooBusyException> { runBlocking { pool.flow(Sql.of("SELECT 1")).collect { } } }
            pool.health().refused shouldBe 4
            waiting[0].cancel(true)
            within { pool.health().waiting == 1 }
            val room = pool.query("SELECT 1")
            first.release()
            room.result().size shouldBe 1
            waiting[1].result().size shouldBe 1
        }

        moment("a statement's time-out that comes when it has just ended hits nobody") {
            source.on("PreparedStatement.cancel") { error("nothing runs") }
            repeat(200) { pool.query(Sql.of("SELECT 1").timeout(Duration.ofNanos(1L + it * 2_000))).handle { _, _ -> null }.result() }
            source.off("PreparedStatement.cancel")
            pool.query("SELECT 1").result().size shouldBe 1
        }
    }) {
    class Scene(val source: HookedSource, val reactor: dev.torsion.reactor.Reactor, val pool: ConnectionPool) {
        init {
            pool.update("CREATE TABLE fruit(id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name VARCHAR(100))").result()
            source.calls.clear()
        }

        fun names(): List<String> = pool.query(Sql.of("SELECT name FROM fruit ORDER BY id").into<String>()).result()

        /** Takes the only thread, until it is released. */
        fun holdUp(): HeldUp {
            val begun = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            val future =
                pool.interaction { tx ->
                    begun.countDown()
                    goOn.awaitSoon()
                    tx.update("INSERT INTO fruit(name) VALUES ('first')")
                }
            begun.awaitSoon()
            return HeldUp(goOn, future)
        }

        class HeldUp(private val goOn: CountDownLatch, private val future: CompletableFuture<Long>) {
            fun release() {
                goOn.countDown()
                future.result() shouldBe 1
            }
        }
    }

    /** A driver's exception that says nothing without failing. */
    class Mute : SQLException() {
        override val message: String get() = error("mute")

        override fun getSQLState(): String = error("mute")

        override fun toString(): String = error("mute")
    }

    private companion object {
        val briefly: ConnectionPoolOptions = ConnectionPoolOptions.DEFAULT.withCancelTimeout(Duration.ofMillis(100))
    }
}
