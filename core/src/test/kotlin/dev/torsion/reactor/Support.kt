// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/** How long a test waits for something that should happen at once. */
internal const val DEADLINE_SECONDS = 20L

/** Runs [test] with a started reactor, and insists that it stops. */
internal fun <T> withReactor(options: ReactorOptions = ReactorOptions(), test: (Reactor) -> T): T {
    val reactor = Reactor.create(options)
    reactor.start()
    try {
        return test(reactor)
    } finally {
        check(reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS))) { "the reactor did not stop" }
    }
}

/** Runs [call] on the reactor's thread and waits for it. */
internal fun <T> Reactor.onLoop(call: () -> T): T = blockingCallFromThread { succeed(call()) }

/** The result of the Deferred that [call] makes on the reactor's thread. */
internal fun <T> Reactor.resultOnLoop(call: () -> Deferred<T>): T = blockingCallFromThread(call)

internal fun CountDownLatch.awaitOrFail() = check(await(DEADLINE_SECONDS, TimeUnit.SECONDS)) { "waited in vain" }

internal fun <T> CompletableFuture<T>.getOrFail(): T = get(DEADLINE_SECONDS, TimeUnit.SECONDS)
