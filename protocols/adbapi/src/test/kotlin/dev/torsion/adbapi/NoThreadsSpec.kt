// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Flow
import java.util.concurrent.ThreadFactory
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean

/** A pool in a system that is out of threads. */
internal class NoThreadsSpec :
    FunSpec({
        test("a system that is out of threads: each voice is told, and the pool goes on when there are some again") {
            val isOut = AtomicBoolean(true)
            val threads = ThreadFactory { work ->
                if (isOut.get()) throw OutOfMemoryError("unable to create native thread")
                Thread(work).apply { isDaemon = true }
            }
            withPool(TestDatabase.H2.fresh(), ConnectionPoolOptions.DEFAULT.withThreadFactory(threads)) { pool ->
                shouldThrow<OutOfMemoryError> { pool.query("SELECT 1").result() }
                val deferred = CompletableFuture<Outcome<List<Row>>>()
                callFromThread { pool.runQuery("SELECT 1").addBoth { deferred.complete(it) } }
                deferred.result().shouldBeInstanceOf<Failure>().value.shouldBeInstanceOf<OutOfMemoryError>()
                val streamed = CompletableFuture<Throwable>()
                pool.stream(Sql.of("SELECT 1")).subscribe(
                    object : Flow.Subscriber<Row> {
                        override fun onSubscribe(subscription: Flow.Subscription) = subscription.request(1)

                        override fun onNext(row: Row) = Unit

                        override fun onError(error: Throwable) {
                            streamed.complete(error)
                        }

                        override fun onComplete() = Unit
                    },
                )
                streamed.result().shouldBeInstanceOf<OutOfMemoryError>()
                isOut.set(false)
                pool.query("SELECT 1").result().size shouldBe 1
            }
        }

        test("who waits is told although the system has no thread for a deadline, and closing ends") {
            val deadlines = Deadlines("test") { throw OutOfMemoryError("unable to create native thread") }
            val source = HookedSource()
            val connections =
                object : PoolConnections by SourceConnections(connect = { source.connection }) {
                    override val hasTimeout get() = true
                }
            val engine = PoolEngine(ConnectionPoolOptions.DEFAULT.withConnections(1), connections, null, deadlines)
            val isRunning = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            val told = List(2) { CompletableFuture<Unit>() }
            val jobs = told.map { outcome ->
                Job(
                    engine,
                    interaction = null,
                    work = {
                        isRunning.countDown()
                        goOn.await()
                    },
                    outcome.asCompletion(),
                )
            }
            jobs.forEach(engine::submit)
            isRunning.awaitSoon()
            jobs.first().end(IllegalStateException("enough"))
            shouldThrow<IllegalStateException> { told.first().result() }.message shouldBe "enough"
            val closed = engine.close()
            shouldThrow<ConnectionPoolClosedException> { told.last().result() }
            goOn.countDown()
            closed.get(20, TimeUnit.SECONDS)
        }
    })
