// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.await
import dev.torsion.defer.toDeferred
import dev.torsion.examples.kotlin.blockingWork
import dev.torsion.examples.kotlin.deferredChain
import dev.torsion.examples.kotlin.deferredLists
import dev.torsion.examples.kotlin.delayedCalls
import dev.torsion.examples.kotlin.firstDeferred
import dev.torsion.examples.kotlin.inline
import dev.torsion.examples.kotlin.repeatedCalls
import dev.torsion.examples.kotlin.startAndStop
import dev.torsion.examples.kotlin.structPacking
import dev.torsion.java.Torsion
import dev.torsion.reactor.Reactor
import java.util.concurrent.CompletableFuture
import dev.torsion.examples.java.BlockingWork as JavaBlockingWork
import dev.torsion.examples.java.DeferredChain as JavaDeferredChain
import dev.torsion.examples.java.DeferredLists as JavaDeferredLists
import dev.torsion.examples.java.DelayedCalls as JavaDelayedCalls
import dev.torsion.examples.java.FirstDeferred as JavaFirstDeferred
import dev.torsion.examples.java.InlineCallbacks as JavaInlineCallbacks
import dev.torsion.examples.java.RepeatedCalls as JavaRepeatedCalls
import dev.torsion.examples.java.StartAndStop as JavaStartAndStop
import dev.torsion.examples.java.StructPacking as JavaStructPacking

/** The whole tour, in order. */
fun stops(): List<Stop> =
    basicStops() + networkStops() + secureStops() + datagramStops() + localStops() + objectStops() + webStops() + databaseStops() +
        serviceStops()

/** Stops that need no connection. */
internal fun basicStops(): List<Stop> = listOf(
    stop(
        "StartAndStop",
        "Start and stop",
        "Nothing runs before run(), and what stands behind it runs when the loop has stopped. Triggers hear of both ends.",
        "Java callbacks" plays { reactor, out -> reactor.deferToThread { JavaStartAndStop.run(Reactor.create(), out) }.await() },
        "Kotlin callbacks" plays { reactor, out -> reactor.deferToThread { startAndStop(Reactor.create(), out) }.await() },
    ),
    stop(
        "DelayedCalls",
        "Delayed calls",
        "callLater: once, never since it was cancelled, and again and again.",
        "Java futures" plays { reactor, out -> reactor.done(JavaDelayedCalls.run(Torsion.on(reactor), out)) },
        "Kotlin callbacks" plays { reactor, out -> delayedCalls(reactor, out).await() },
    ),
    stop(
        "RepeatedCalls",
        "Repeated calls",
        "A LoopingCall every 200 ms, stopped by a delayed call.",
        "Java futures" plays { reactor, out -> reactor.done(JavaRepeatedCalls.run(Torsion.on(reactor), out)) },
        "Kotlin callbacks" plays { reactor, out -> repeatedCalls(reactor, out).await() },
    ),
    stop(
        "FirstDeferred",
        "A Deferred",
        "A result that is there, one that comes later, and one that is an error.",
        "Java callbacks" plays { reactor, out -> JavaFirstDeferred.run(reactor, out).await() },
        "Kotlin callbacks" plays { reactor, out -> firstDeferred(reactor, out).await() },
    ),
    stop(
        "DeferredChain",
        "The chain of callbacks",
        "Results, failures and waiting, from one callback to the next.",
        "Java callbacks" plays { _, out -> JavaDeferredChain.run(out) },
        "Kotlin callbacks" plays { _, out -> deferredChain(out) },
    ),
    stop(
        "DeferredLists",
        "Several results together",
        "DeferredList with its flags, gatherResults and FirstError.",
        "Java callbacks" plays { _, out -> JavaDeferredLists.run(out) },
        "Kotlin callbacks" plays { _, out -> deferredLists(out) },
    ),
    stop(
        "InlineCallbacks",
        "Waiting in the middle of a function",
        "inlineCallbacks: try, catch and plain order around results that come later.",
        "Java futures" plays { reactor, out -> reactor.done(JavaInlineCallbacks.run(Torsion.on(reactor), out)) },
        "Kotlin suspend" plays { reactor, out -> inline(reactor, out).await() },
    ),
    stop(
        "BlockingWork",
        "Work that blocks",
        "deferToThread, callInThread, callFromThread and blockingCallFromThread: the loop never waits.",
        "Java futures" plays { reactor, out -> reactor.done(JavaBlockingWork.run(Torsion.on(reactor), out)) },
        "Kotlin suspend" plays { reactor, out -> blockingWork(reactor, out).await() },
    ),
    stop(
        "StructPacking",
        "Bytes with a layout",
        "Python's struct: the documents' values, to the byte.",
        "Java" plays { _, out -> JavaStructPacking.run(out) },
        "Kotlin" plays { _, out -> structPacking(out) },
    ),
)

/** Waits for a future of the Java programs. */
internal suspend fun <T> Reactor.done(future: CompletableFuture<T>): T = future.toDeferred(this).await()
