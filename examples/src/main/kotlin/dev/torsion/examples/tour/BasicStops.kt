// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.await
import dev.torsion.examples.kotlin.blockingWork
import dev.torsion.examples.kotlin.deferredChain
import dev.torsion.examples.kotlin.deferredLists
import dev.torsion.examples.kotlin.delayedCalls
import dev.torsion.examples.kotlin.firstDeferred
import dev.torsion.examples.kotlin.inline
import dev.torsion.examples.kotlin.repeatedCalls
import dev.torsion.examples.kotlin.startAndStop
import dev.torsion.examples.kotlin.structPacking
import dev.torsion.reactor.Reactor

/** The whole tour, in order. */
fun stops(): List<Stop> = basicStops() + networkStops()

/** What needs no connection. */
internal fun basicStops(): List<Stop> =
    listOf(
        stop(
            "StartAndStop",
            "Start and stop",
            "Nothing runs before run(), and what stands behind it runs when the loop has stopped. Triggers hear of both ends.",
            "Kotlin callbacks" plays { reactor, out -> reactor.deferToThread { startAndStop(Reactor.create(), out) }.await() },
        ),
        stop(
            "DelayedCalls",
            "Delayed calls",
            "callLater: once, never since it was cancelled, and again and again.",
            "Kotlin callbacks" plays { reactor, out -> delayedCalls(reactor, out).await() },
        ),
        stop(
            "RepeatedCalls",
            "Repeated calls",
            "A LoopingCall every 200 ms, stopped by a delayed call.",
            "Kotlin callbacks" plays { reactor, out -> repeatedCalls(reactor, out).await() },
        ),
        stop(
            "FirstDeferred",
            "A Deferred",
            "A result that is there, one that comes later, and one that is an error.",
            "Kotlin callbacks" plays { reactor, out -> firstDeferred(reactor, out).await() },
        ),
        stop(
            "DeferredChain",
            "The chain of callbacks",
            "Results, failures and waiting, from one callback to the next.",
            "Kotlin callbacks" plays { _, out -> deferredChain(out) },
        ),
        stop(
            "DeferredLists",
            "Several results together",
            "DeferredList with its flags, gatherResults and FirstError.",
            "Kotlin callbacks" plays { _, out -> deferredLists(out) },
        ),
        stop(
            "InlineCallbacks",
            "Waiting in the middle of a function",
            "inlineCallbacks: try, catch and plain order around results that come later.",
            "Kotlin suspend" plays { reactor, out -> inline(reactor, out).await() },
        ),
        stop(
            "BlockingWork",
            "Work that blocks",
            "deferToThread, callInThread, callFromThread and blockingCallFromThread: the loop never waits.",
            "Kotlin suspend" plays { reactor, out -> blockingWork(reactor, out).await() },
        ),
        stop(
            "StructPacking",
            "Bytes with a layout",
            "Python's struct: the documents' values, to the byte.",
            "Kotlin" plays { _, out -> structPacking(out) },
        ),
    )
