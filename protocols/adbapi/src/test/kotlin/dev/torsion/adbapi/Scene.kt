// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import javax.sql.DataSource

/** Runs [block] with a pool on a running reactor, and fails when a callback has failed or something of the pool is left. */
internal fun <T> withPool(
    options: ConnectionPoolOptions = ConnectionPoolOptions.DEFAULT,
    open: (Reactor, ConnectionPoolOptions) -> ConnectionPool,
    block: Reactor.(ConnectionPool) -> T,
): T {
    val errors = CopyOnWriteArrayList<Throwable>()
    val reactor = Reactor.create(ReactorOptions("adbapi-test", errorListener = { _, error -> errors.add(error) }))
    reactor.start()
    try {
        val pool = open(reactor, options)
        val result = pool.use { reactor.block(it) }
        pool.health().busy shouldBe 0
        pool.health().waiting shouldBe 0
        pool.health().connections shouldBe 0
        errors.firstOrNull()?.let { throw AssertionError("a callback has failed", it) }
        return result
    } finally {
        check(reactor.stopAndJoin(Duration.ofSeconds(20))) { "$reactor does not stop" }
    }
}

internal fun <T> withPool(
    url: String,
    options: ConnectionPoolOptions = ConnectionPoolOptions.DEFAULT,
    block: Reactor.(ConnectionPool) -> T,
): T = withPool(options, { reactor, set -> ConnectionPool.open(reactor, url, set) }, block)

internal fun <T> withPool(
    source: DataSource,
    options: ConnectionPoolOptions = ConnectionPoolOptions.DEFAULT,
    block: Reactor.(ConnectionPool) -> T,
): T = withPool(options, { reactor, set -> ConnectionPool.open(reactor, source, set) }, block)

/** The result of the future; its failure is thrown as it is. */
internal fun <T> CompletableFuture<T>.result(): T = try {
    get(30, TimeUnit.SECONDS)
} catch (e: java.util.concurrent.ExecutionException) {
    throw e.cause!!
} catch (e: CompletionException) {
    throw e.cause!!
}

internal fun CountDownLatch.awaitSoon() = check(await(20, TimeUnit.SECONDS)) { "it does not happen" }

/** Another thread makes it so, soon. */
internal fun within(isSo: () -> Boolean) {
    val deadline = System.nanoTime() + 20_000_000_000
    while (!isSo()) {
        check(System.nanoTime() < deadline) { "it does not happen" }
        Thread.onSpinWait()
    }
}

/** Nothing of the pool is at work, or waits for it, soon. */
internal fun ConnectionPool.awaitQuiet(): Unit = within { health().run { busy == 0 && waiting == 0 } }

/** This future takes the outcome of a job. */
internal fun <T> CompletableFuture<T>.asCompletion(): Completion<T> = object : Completion<T> {
    override fun succeeded(value: T) {
        complete(value)
    }

    override fun failed(error: Throwable) {
        completeExceptionally(error)
    }
}
