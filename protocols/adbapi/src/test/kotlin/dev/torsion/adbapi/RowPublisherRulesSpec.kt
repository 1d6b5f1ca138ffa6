// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.reactor.Reactor
import dev.torsion.testsupport.PublisherRules
import io.kotest.core.spec.style.FunSpec
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Flow

/** Every test that Reactive Streams has for publishers (its TCK), run on the rows of queries. */
internal class RowPublisherRulesSpec :
    FunSpec({
        val reactor = Reactor.create()
        val pools = ConcurrentLinkedQueue<ConnectionPool>()
        beforeSpec { reactor.start() }
        afterTest { generateSequence(pools::poll).forEach { it.closeAsync().get() } }
        afterSpec { check(reactor.stopAndJoin(Duration.ofSeconds(20))) { "$reactor does not stop" } }

        // A subscriber that asks for no more keeps its connection, so each test has a pool.
        fun rows(count: Long): Flow.Publisher<Row> {
            val pool = ConnectionPool.open(
                reactor,
                TestDatabase.SQLITE.fresh(),
                ConnectionPoolOptions.DEFAULT.withCloseTimeout(Duration.ZERO),
            )
            pools.add(pool)
            return pool.stream(Sql.of("${TestDatabase.SQLITE.numbers} LIMIT ?", count))
        }

        fun noRows(): Flow.Publisher<Row> {
            val publisher = rows(1)
            pools.remove().closeAsync().get()
            return publisher
        }
        for ((name, rule) in PublisherRules(Long.MAX_VALUE - 1, ::rows, ::noRows).rules) test(name) { rule.check() }
    })
