// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch

/** Deadlines where the system has no thread for them. */
internal class DeadlinesSpec :
    FunSpec({
        test("a deadline is refused, and a later one is kept when there is a thread again") {
            val system = System()
            system.deadlines.use { deadlines ->
                val late = CountDownLatch(1)
                shouldThrow<OutOfMemoryError> { deadlines.after(Duration.ofMillis(1)) { error("it was refused") } }
                system.hasThreads = true
                deadlines.after(Duration.ofMillis(20), late::countDown)
                late.awaitSoon()
            }
        }

        test("a statement without a deadline does not run, and nothing takes it for running later") {
            val system = System()
            val source = HookedSource()
            val connections =
                object : PoolConnections by SourceConnections(connect = { source.connection }) {
                    override val hasTimeout get() = true
                }
            val engine = PoolEngine(ConnectionPoolOptions.DEFAULT, connections, deadlines = system.deadlines)
            val outcome = CompletableFuture<Executions.Execution?>()
            val job =
                Job(
                    engine,
                    interaction = null,
                    work = { session ->
                        shouldThrow<OutOfMemoryError> { session.query(Sql.of("SELECT 1")) }
                        system.hasThreads = true
                        session.query(Sql.of("SELECT 1")).size shouldBe 1
                        session.job.statements.running
                    },
                    outcome.asCompletion(),
                )
            engine.submit(job)
            outcome.result() shouldBe null
            source.calls.count { it == "PreparedStatement.execute" } shouldBe 1
            engine.close().result()
        }
    }) {
    /** One without threads for deadlines, at first. */
    private class System {
        @Volatile
        var hasThreads = false

        val deadlines =
            Deadlines("test") { work ->
                if (!hasThreads) throw OutOfMemoryError("unable to create native thread")
                Thread(work).apply { isDaemon = true }
            }
    }
}
