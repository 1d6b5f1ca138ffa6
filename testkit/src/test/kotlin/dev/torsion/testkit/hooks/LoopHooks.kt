// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.hooks

import dev.torsion.clock.Cooperator
import dev.torsion.clock.LoopingCall
import dev.torsion.clock.addTimeout
import dev.torsion.clock.callLater
import dev.torsion.clock.deferLater
import dev.torsion.clock.start
import dev.torsion.defer.Deferred
import dev.torsion.defer.UnhandledFailures
import dev.torsion.defer.deferred
import dev.torsion.defer.fail
import dev.torsion.defer.inlineCallbacks
import dev.torsion.defer.toDeferred
import dev.torsion.log.LogEvent
import dev.torsion.log.LogObserver
import dev.torsion.log.LogPublisher
import dev.torsion.log.Logger
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.deferToThreadPool
import dev.torsion.reactor.reactorScope
import dev.torsion.testkit.MemoryReactor
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import org.slf4j.event.Level
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.function.BooleanSupplier
import kotlin.time.Duration.Companion.seconds

/** The hooks of the loop itself, of time, threads, Deferreds and logs. */
internal val LOOP_HOOKS =
    listOf(
        Hook("callLater") { reactor.callLater(1.seconds) { fail() } then { reactor.advance(SECOND) } },
        Hook("callWhenRunning") { attempt { reactor.callWhenRunning { fail() } } },
        Hook("callFromThread") { reactor.callFromThread { fail() } },
        Hook("execute") { reactor.execute { fail() } },
        Hook("a trigger before the shutdown") { triggering(Phase.BEFORE, SystemEvent.SHUTDOWN) },
        Hook("a trigger during the shutdown") { triggering(Phase.DURING, SystemEvent.SHUTDOWN) },
        Hook("a trigger after the shutdown") { triggering(Phase.AFTER, SystemEvent.SHUTDOWN) },
        Hook("a trigger before the startup") { triggering(Phase.BEFORE, SystemEvent.STARTUP) },
        Hook("a trigger after the startup") { triggering(Phase.AFTER, SystemEvent.STARTUP) },
        Hook("callInThread") { reactor.callInThread { fail() } },
        Hook("deferToThread") { mustFire("deferToThread", reactor.deferToThread { fail() }) },
        Hook("deferToThreadPool") { mustFire("deferToThreadPool", reactor.deferToThreadPool(Executor { it.run() }) { fail() }) },
        Hook("an executor") { attempt { mustFire("deferToThreadPool", reactor.deferToThreadPool(Executor { fail() }) { }) } },
        Hook("a call of a LoopingCall") {
            mustFire("LoopingCall", LoopingCall(reactor) { fail() }.start(1.seconds, now = false))
            reactor.advance(SECOND)
        },
        Hook("hasNext of a task's iterator") { cooperating({ fail() }, { }) },
        Hook("next of a task's iterator") { cooperating({ true }, { fail() }) },
        Hook("the end of a slice") {
            val cooperator = Cooperator(reactor, { BooleanSupplier { fail() } })
            mustFire("coiterate", cooperator.coiterate(listOf(1).iterator()))
        },
        Hook("the beginning of a slice") {
            var isFirst = true
            val cooperator =
                Cooperator(
                    reactor,
                    {
                        if (isFirst) {
                            isFirst = false
                            fail()
                        }
                        BooleanSupplier { true }
                    },
                )
            mustFire("coiterate", cooperator.coiterate(listOf(1).iterator()))
        },
        Hook("deferLater") {
            mustFire("deferLater", deferLater(reactor, SECOND, Callable { fail() }))
            reactor.advance(SECOND)
        },
        Hook("onTimeout") {
            mustFire("addTimeout", Deferred<Int>().addTimeout(SECOND, reactor) { _, _ -> fail() })
            reactor.advance(SECOND)
        },
        Hook("a canceller") {
            val result = Deferred<Int> { fail() }
            mustFire("cancelled", result)
            result.cancel()
        },
        Hook("a callback") {
            mustFire("callback", reactor.deferLater(1.seconds) { }.addCallback { fail() }).also { reactor.advance(SECOND) }
        },
        Hook("an errback") { mustFire("errback", fail<Int>(IllegalStateException()).addErrback { fail() }) },
        Hook("inlineCallbacks", isCoroutine = true) {
            mustFire(
                "inlineCallbacks",
                inlineCallbacks {
                    Unit.also { fail() }
                },
            )
        },
        Hook("a coroutine of the reactor", isCoroutine = true) {
            reactor.scope.launch {
                try {
                    fail()
                } catch (e: java.util.concurrent.CancellationException) {
                    attempt { throw e }
                    throw e
                }
            }
        },
        Hook("a coroutine with a result", isCoroutine = true) {
            mustFire("deferred", reactor.reactorScope().deferred { Unit.also { fail() } })
        },
        Hook("a coroutine as a Deferred", isCoroutine = true) {
            mustFire("async", reactor.reactorScope().async { Unit.also { fail() } }.toDeferred(reactor))
        },
        Hook("a stage") {
            val future = CompletableFuture<Int>()
            mustFire("stage", future.toDeferred(reactor))
            attempt { future.completeExceptionally(runCatching { fail() }.exceptionOrNull()!!) } // the JDK asks for the text
        },
        Hook("a future's stage") {
            val source = Deferred<Int>()
            val told = CompletableFuture<Unit>()
            source
                .addCallback<Int> { fail() }
                .toCompletableFuture(reactor)
                .thenApply { it }
                .whenComplete { _, error -> told.complete(Unit).also { attempt { throw error } } }
            source.callback(1)
            mustFire("whenComplete", told.toDeferred(reactor))
        },
        Hook("a health listener") {
            val listening = reactor.addHealthListener(SECOND) { _, _ -> fail() }
            reactor.callLater(2.seconds) {}
            reactor.advance(Duration.ofSeconds(2))
            listening.close()
        },
        Hook("a listener for unhandled failures", ToldOf.EACH_IN_THE_LOG) {
            val listening = UnhandledFailures.addListener { fail() }
            reactor.callFromThread { fail<Int>(IllegalStateException("nobody handles it")) }
            reactor.flush()
            listening.close()
        },
        Hook("a log observer", ToldOf.EACH_IN_THE_LOG) {
            logging(LogObserver { fail() })
        },
        Hook("what a log observer is interested in", ToldOf.NOBODY) {
            var observed = 0
            val observer =
                object : LogObserver {
                    override fun observe(event: LogEvent) {
                        observed++
                    }

                    override fun isInterested(level: Level, namespace: String): Boolean = fail()
                }
            Logger("test", LogPublisher(observer)).error("something")
            observed shouldBe 1 // who cannot say is told
        },
        Hook("an error listener", ToldOf.EACH_IN_THE_LOG) {
            val other = MemoryReactor { _, _ -> fail() }
            other.start()
            other.callFromThread { throw IllegalStateException("reported") }
            other.flush()
            other.close()
        },
        Hook("a value of the log", ToldOf.NOBODY) {
            reactor.callFromThread {
                val value =
                    object {
                        override fun toString(): String = fail()
                    }
                Logger("test").error("{value}", "value" to value)
            }
        },
    )

private val SECOND = Duration.ofSeconds(1)

private inline infix fun <T> T.then(next: () -> Unit) = next()

private fun Play.triggering(phase: Phase, event: SystemEvent) {
    val other = MemoryReactor { _, error -> attempt { throw error } }
    other.addSystemEventTrigger(phase, event) { fail() }
    var wasTold = 0
    for (each in Phase.entries) other.addSystemEventTrigger(each, event) { wasTold++ }
    other.start()
    other.flush()
    other.close()
    check(wasTold == Phase.entries.size) { "the other triggers were called $wasTold times" }
}

private fun Play.cooperating(hasNext: () -> Boolean, next: () -> Unit) {
    val iterator =
        object : Iterator<Unit> {
            override fun hasNext() = hasNext()

            override fun next() = next()

            override fun toString() = if (isHostile) fail() else "an iterator"
        }
    val cooperator = Cooperator(reactor)
    mustFire("coiterate", cooperator.coiterate(iterator))
    mustFire("coiterate beside it", cooperator.coiterate(listOf(1, 2).iterator()))
}

private fun Play.logging(observer: LogObserver) {
    LogPublisher.global().addObserver(observer)
    try {
        reactor.callFromThread { Logger("test").error("something") }
        reactor.flush()
    } finally {
        LogPublisher.global().removeObserver(observer)
    }
}
