// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.group.awaitCounts
import dev.torsion.group.connect
import dev.torsion.group.listen
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPoolStoppedException
import dev.torsion.net.CloseReason
import dev.torsion.net.Protocol
import dev.torsion.nio.Scripted
import dev.torsion.nio.connect
import dev.torsion.nio.listen
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class ReactorLifecycleSpec :
    StringSpec({
        "run runs in the calling thread until stop, and what stands behind it runs afterwards" {
            val reactor = Reactor.create()
            val events = ArrayList<String>()
            reactor.callWhenRunning {
                events.add("running in ${Thread.currentThread().name}")
                reactor.stop()
            }
            events shouldBe emptyList<String>()
            reactor.run()
            events.add("after run")
            events shouldContainExactly listOf("running in ${Thread.currentThread().name}", "after run")
        }

        "stop is an error when never run, when stopping, and when stopped; running again is an error too" {
            val reactor = Reactor.create()
            shouldThrow<ReactorNotRunningException> { reactor.stop() }
            val second = CompletableFuture<Throwable>()
            reactor.callWhenRunning {
                reactor.stop()
                second.complete(shouldThrow<ReactorNotRunningException> { reactor.stop() })
            }
            reactor.run()
            second.getOrFail()
            shouldThrow<ReactorNotRunningException> { reactor.stop() }
            shouldThrow<ReactorNotRestartableException> { reactor.run() }
            shouldThrow<ReactorNotRestartableException> { reactor.start() }
        }

        "run and start on a running reactor are errors" {
            withReactor { reactor ->
                shouldThrow<ReactorAlreadyRunningException> { reactor.start() }
                shouldThrow<ReactorAlreadyRunningException> { reactor.run() }
                reactor.isRunning shouldBe true
            }
        }

        "after a crash it can be run again, and no shutdown trigger has run" {
            val reactor = Reactor.create()
            val events = ArrayList<String>()
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { events.add("shutdown") }
            reactor.callWhenRunning { reactor.crash() }
            reactor.run()
            events shouldBe emptyList<String>()
            reactor.callWhenRunning { reactor.stop() }
            reactor.run()
            events shouldContainExactly listOf("shutdown")
        }

        "behaviour 26: callWhenRunning keeps its order before the start, and runs at once afterwards" {
            val reactor = Reactor.create()
            val order = ArrayList<Int>()
            reactor.callWhenRunning { order.add(1) }
            reactor.callWhenRunning {
                order.add(2)
                reactor.callWhenRunning { order.add(3) }
                order.add(4)
            }
            reactor.callWhenRunning { reactor.stop() }
            reactor.run()
            order shouldContainExactly listOf(1, 2, 3, 4)
        }

        "triggers run by phase, each once; one that throws is reported and stops nothing" {
            val reported = ArrayList<String>()
            val reactor = Reactor.create(ReactorOptions(errorListener = { context, _ -> reported.add(context) }))
            val order = ArrayList<String>()
            for (phase in listOf(Phase.AFTER, Phase.DURING, Phase.BEFORE)) {
                reactor.addSystemEventTrigger(phase, SystemEvent.STARTUP) { order.add("startup $phase") }
                reactor.addSystemEventTrigger(phase, SystemEvent.SHUTDOWN) { error("$phase") }
                reactor.addSystemEventTrigger(phase, SystemEvent.SHUTDOWN) { order.add("shutdown $phase") }
            }
            reactor.callWhenRunning { reactor.stop() }
            reactor.run()
            order shouldContainExactly
                listOf("startup BEFORE", "startup DURING", "startup AFTER", "shutdown BEFORE", "shutdown DURING", "shutdown AFTER")
            reported.size shouldBe 3
        }

        "behaviour 25: shutdown waits for the Deferreds of before-triggers, even when a later trigger fires an earlier one's" {
            val reactor = Reactor.create()
            val order = ArrayList<String>()
            val first = Deferred<Unit>()
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { first.addCallback { order.add("first fired") } }
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                first.callback(Unit)
                val slow = Deferred<Unit>()
                reactor.callLater(10.milliseconds) {
                    order.add("slow fired")
                    slow.errback(IllegalStateException("failures are awaited too"))
                }
                slow
            }
            reactor.addSystemEventTrigger(Phase.DURING, SystemEvent.SHUTDOWN) { order.add("during") }
            reactor.callWhenRunning { reactor.stop() }
            reactor.run()
            order shouldContainExactly listOf("first fired", "slow fired", "during")
        }

        "a removed trigger does not run, and removing it twice is an error" {
            val reactor = Reactor.create()
            val handle = reactor.addSystemEventTrigger(Phase.DURING, SystemEvent.SHUTDOWN) { error("removed, but it ran") }
            reactor.removeSystemEventTrigger(handle)
            shouldThrow<IllegalArgumentException> { reactor.removeSystemEventTrigger(handle) }
            shouldThrow<IllegalArgumentException> { Reactor.create().removeSystemEventTrigger(handle) }
        }

        "a callback that throws is reported, and the loop goes on" {
            val reported = CompletableFuture<Throwable>()
            withReactor(ReactorOptions(errorListener = { _, error -> reported.complete(error) })) { reactor ->
                reactor.onLoop { reactor.callLater(0.seconds) { error("boom") } }
                reported.getOrFail().message shouldBe "boom"
                reactor.onLoop { reactor.isRunning } shouldBe true
            }
        }

        "a call handed over after the end is refused, and a caller who waits at the end is told" {
            val reactor = Reactor.create()
            reactor.start()
            val waiting = CountDownLatch(1)
            val told = CompletableFuture<Throwable>()
            thread {
                told.complete(
                    shouldThrow<ReactorNotRunningException> {
                        reactor.blockingCallFromThread {
                            waiting.countDown()
                            Deferred<Unit>()
                        }
                    },
                )
            }
            waiting.awaitOrFail()
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            told.getOrFail().message shouldContain "stopped before"
            shouldThrow<ReactorNotRunningException> { reactor.callFromThread {} }
            reactor.stopFromThread() // nothing to do, no error
        }

        "a delayed call can stop the reactor, and so can a call from a thread" {
            val delayed = Reactor.create()
            delayed.callLater(0.seconds) { delayed.stop() }
            delayed.run()
            val called = Reactor.create()
            called.callWhenRunning { thread { called.callFromThread(called::stop) } }
            called.run()
            listOf(delayed.isRunning, called.isRunning) shouldContainExactly listOf(false, false)
        }

        "a delayed call that was never due does not run at the end, and holds nothing up" {
            val reactor = Reactor.create()
            var ran = false
            reactor.callLater(1.seconds * 1_000_000) { ran = true }
            reactor.callWhenRunning { reactor.stop() }
            reactor.run()
            ran shouldBe false
        }

        "at the end every connection is told, also when one of them throws" {
            val reported = ArrayList<Throwable>()
            val told = ArrayList<Int>()
            val reactor = Reactor.create(ReactorOptions(errorListener = { _, error -> reported.add(error) }))
            reactor.start()
            val made = CountDownLatch(3)
            val port =
                reactor.listen {
                    object : Protocol() {
                        override fun connectionMade() = made.countDown()

                        override fun connectionLost(reason: CloseReason) {
                            told.add(told.size)
                            error("in connectionLost")
                        }
                    }
                }
            val sockets = List(3) { port.connect() }
            made.awaitOrFail()
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            told shouldContainExactly listOf(0, 1, 2)
            reported.map { it.message } shouldContainExactly List(3) { "in connectionLost" }
            sockets.forEach { it.close() }
        }

        "after a crash while it was stopping, connections are closed and the pool's threads end" {
            val reactor = Reactor.create()
            val lost = CompletableFuture<CloseReason>()
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { Deferred<Unit>() }
            reactor.start()
            val port = reactor.listen {
                Scripted(made = {
                    reactor.stop().also { reactor.callFromThread(reactor::crash) }
                }).also { p -> p.lost.thenAccept(lost::complete) }
            }
            port.connect().use { lost.getOrFail() }
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            shouldThrow<ThreadPoolStoppedException> { reactor.callInThread {} }
            shouldThrow<ReactorNotRestartableException> { reactor.run() }
        }

        "a loop that crashed is watched again when it runs again" {
            val reported = CompletableFuture<Unit>()
            val options =
                ReactorOptions(blockedThreshold = Duration.ofMillis(20), blockedLoopListener = { _, _, _ -> reported.complete(Unit) })
            val reactor = Reactor.create(options)
            reactor.callWhenRunning(reactor::crash)
            reactor.run()
            reactor.callWhenRunning {
                reported.getOrFail()
                reactor.stop()
            }
            reactor.run()
        }

        "however often it crashes and runs again, one thread watches it" {
            val reactor = Reactor.create(ReactorOptions("watched-once"))

            fun watchers() = Thread.getAllStackTraces().keys.count { it.name == "watched-once-watch" }
            repeat(200) {
                reactor.callWhenRunning(reactor::crash)
                reactor.run()
            }
            reactor.callWhenRunning {
                awaitCounts("watching threads", listOf(1)) { listOf(watchers()) }
                reactor.stop()
            }
            reactor.run()
        }

        for (isStartupFirst in listOf(true, false)) {
            "a callback that lets the startup and the shutdown go: both go on, ${if (isStartupFirst) "startup" else "shutdown"} first" {
                val reactor = Reactor.create()
                val events = CopyOnWriteArrayList<String>()
                val startup = Deferred<Unit>()
                val shutdown = Deferred<Unit>()
                reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.STARTUP) {
                    reactor.callFromThread { reactor.stop() }
                    startup
                }
                reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.STARTUP) { events.add("started") }
                reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                    reactor.callFromThread {
                        if (isStartupFirst) startup.callback(Unit)
                        shutdown.callback(Unit)
                        if (!isStartupFirst) startup.callback(Unit)
                    }
                    shutdown
                }
                reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { events.add("stopped") }
                reactor.start()
                reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
                // Once the shutdown has gone on, there is no startup any more.
                events shouldContainExactly if (isStartupFirst) listOf("started", "stopped") else listOf("stopped")
            }
        }

        "a reactor whose pool gets no thread runs all the same; the work waits, and is done when there are threads" {
            val reported = ArrayList<String>()
            var hasThreads = false
            val options =
                ReactorOptions(
                    threadFactory = { if (hasThreads) Thread(it) else throw IOException("no threads") },
                    errorListener = { context, error -> reported.add("$context: ${error.message}") },
                )
            val reactor = Reactor.create(options)
            val done = CompletableFuture<Unit>()
            reactor.callInThread { done.complete(Unit) }
            reactor.start()
            reactor.isRunning shouldBe true
            reactor.onLoop { reported.single() } shouldContain "starting the threads of the pool failed: no threads"
            hasThreads = true
            reactor.callInThread {}
            done.getOrFail()
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "the default reactor is made once, and another cannot be installed after its first use" {
            val reactor = Reactor.default()
            Reactor.default() shouldBe reactor
            shouldThrow<ReactorAlreadyInstalledException> { Reactor.install(Reactor.create()) }.message shouldContain "before its first use"
        }
    })
