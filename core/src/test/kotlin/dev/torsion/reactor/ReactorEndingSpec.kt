// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.succeed
import dev.torsion.group.NotingFactories
import dev.torsion.group.ReactorGroup
import dev.torsion.group.connect
import dev.torsion.group.listen
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPoolStoppedException
import dev.torsion.name.BlockingHostResolver
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.nio.Scripted
import dev.torsion.nio.connect
import dev.torsion.nio.listen
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldNotContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.SocketTimeoutException
import java.time.Duration
import java.time.temporal.ChronoUnit.FOREVER
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds

/** Between stopping and stopped: nothing is opened, nobody waits in vain, and nobody holds the end up. */
class ReactorEndingSpec :
    StringSpec({
        val deadline = Duration.ofSeconds(DEADLINE_SECONDS)

        /** A reactor whose pool is at work when it stops: the loop goes on until that is done. */
        fun ending(during: (Reactor) -> Unit) {
            val reactor = Reactor.create()
            val goOn = CountDownLatch(1)
            val ending = CountDownLatch(1)
            reactor.callInThread { goOn.awaitOrFail() }
            reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { reactor.callFromThread(ending::countDown) }
            reactor.start()
            reactor.stopFromThread()
            ending.awaitOrFail()
            try {
                during(reactor)
            } finally {
                goOn.countDown()
                reactor.stopAndJoin(deadline) shouldBe true
            }
        }

        "while it waits for its pool it opens nothing, and says so" {
            ending { reactor ->
                reactor.onLoop {
                    shouldThrow<ReactorNotRunningException> { reactor.listenTcp(0, Factory { Scripted() }) }.message shouldContain "ending"
                    shouldThrow<ReactorNotRunningException> { reactor.connectTcp("127.0.0.1", 1, ClientFactory { Scripted() }) }
                    shouldThrow<ThreadPoolStoppedException> { reactor.deferToThread { 1 } }
                    shouldThrow<ReactorNotRestartableException> { reactor.run() }
                }
                shouldThrow<ReactorNotRunningException> { reactor.resultOnLoop { reactor.lookUp("127.0.0.1") } }
                reactor.isRunning shouldBe false
            }
        }

        "a client that connects again whenever it is lost or fails is told once, and has no second connection" {
            ServerSocket(0, 5, InetAddress.getLoopbackAddress()).use { peer ->
                val reported = CopyOnWriteArrayList<Throwable>()
                val reactor = Reactor.create(ReactorOptions(errorListener = { _, error -> reported.add(error) }))
                val events = CopyOnWriteArrayList<String>()
                val goOn = CountDownLatch(1)
                val factory =
                    object : ClientFactory({ Scripted(made = { reactor.stop() }) }) {
                        override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
                            events.add("lost")
                            connector.connect()
                        }

                        override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
                            events.add("failed: ${reason is ConnectingCancelledException}")
                            connector.connect()
                            reactor.callFromThread { reactor.callFromThread(goOn::countDown) }
                        }

                        override fun stopFactory() {
                            events.add("stopped")
                        }
                    }
                reactor.callInThread { goOn.awaitOrFail() }
                val connector = CompletableFuture<Connector>()
                reactor.callWhenRunning { connector.complete(reactor.connectTcp("127.0.0.1", peer.localPort, factory)) }
                reactor.run()
                peer.accept().use { it.getInputStream().read() shouldBe -1 }
                peer.soTimeout = 1
                shouldThrow<SocketTimeoutException> { peer.accept() }
                events shouldContainExactly listOf("lost", "failed: true", "stopped")
                connector.getOrFail().state shouldBe Connector.State.DISCONNECTED
                shouldThrow<ReactorNotRunningException> { connector.getOrFail().connect() }
                reported shouldContainExactly emptyList()
            }
        }

        "a thread of the pool that waits for the loop is told when the connections are closed, and its reactor ends" {
            val reactor = Reactor.create()
            val told = CompletableFuture<Throwable>()
            val called = CountDownLatch(1)
            val after = CompletableFuture<Any>()
            reactor.callInThread {
                told.complete(
                    shouldThrow<ReactorNotRunningException> {
                        reactor.blockingCallFromThread {
                            called.countDown()
                            Deferred<Int>()
                        }
                    },
                )
                // The loop still turns, for this very thread: what is there at once is given.
                val there = reactor.blockingCallFromThread { succeed(7) }
                val never = runCatching { reactor.blockingCallFromThread { Deferred<Int>() } }
                after.complete("$there, ${never.exceptionOrNull()?.javaClass?.simpleName}")
            }
            reactor.start()
            called.awaitOrFail()
            reactor.stopAndJoin(deadline) shouldBe true
            told.getOrFail().message shouldContain "stopped before"
            after.getOrFail() shouldBe "7, ReactorNotRunningException"
        }

        "a thread of the pool cannot wait for the end of the reactor, which waits for it: it is told so, and the reactor ends" {
            val reactor = Reactor.create()
            reactor.start()
            val told = CompletableFuture<Throwable?>()
            reactor.callInThread { told.complete(runCatching { reactor.stopAndJoin(FOREVER.duration) }.exceptionOrNull()) }
            told.getOrFail()!!.message shouldContain "on a thread of the reactor's pool"
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "whoever asked for it is told of the end however it comes, and triggers that a crash has left out stay so" {
            for (crashes in listOf(false, true)) {
                val reactor = Reactor.create()
                val events = CopyOnWriteArrayList<String>()
                reactor.whenEnded {
                    events.add("ended, on its thread: ${reactor.isInReactorThread}")
                    error("reported")
                }
                reactor.whenEnded { events.add("and another") }
                reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                    if (crashes) reactor.crash()
                }
                reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { events.add("after") }
                reactor.start()
                reactor.stopAndJoin(deadline) shouldBe true
                events shouldContainExactly
                    listOfNotNull("after".takeUnless { crashes }, "ended, on its thread: true", "and another")
                reactor.whenEnded { events.add("at once") }
                events.last() shouldBe "at once"
            }
        }

        "a call at the end may add others, and none is left out" {
            val reactor = Reactor.create()
            val calls = CopyOnWriteArrayList<Int>()
            reactor.whenEnded {
                calls.add(1)
                reactor.whenEnded { calls.add(3) }
            }
            reactor.whenEnded { calls.add(2) }
            reactor.start()
            reactor.stopAndJoin(deadline) shouldBe true
            calls shouldContainExactly listOf(1, 2, 3)
        }

        "what threads still owe that the reactor does not wait for fails with it: answers of another pool, and names" {
            val goOn = CountDownLatch(1)
            val resolver =
                BlockingHostResolver {
                    goOn.awaitOrFail()
                    emptyList()
                }
            val reactor = Reactor.create(ReactorOptions(resolver = resolver))
            reactor.start()
            val told = CopyOnWriteArrayList<String>()
            val handedOver = CopyOnWriteArrayList<Runnable>()
            reactor.onLoop {
                val answer = reactor.deferToThreadPool(handedOver::add) { 1 }
                val names = List(5) { reactor.lookUp("name-$it.example") } // one more than are looked up at once
                (names + answer).forEach { owed -> owed.addBoth { told.add((it as Failure).value.javaClass.simpleName) } }
            }
            reactor.stopAndJoin(deadline) shouldBe true
            told shouldContainExactly List(6) { "ReactorNotRunningException" }
            handedOver.single().run() // it comes too late, and is dropped
            goOn.countDown()
        }

        "who waits for time to pass on the dispatcher is cancelled when the reactor ends" {
            val reactor = Reactor.create()
            reactor.start()
            val waiting = CountDownLatch(4)
            val told = CopyOnWriteArrayList<String>()
            val waiters =
                listOf<suspend () -> Unit>(
                    { delay(1.hours) },
                    { withTimeout(1.hours) { CompletableDeferred<Unit>().await() } },
                    { withContext(NonCancellable) { delay(1.hours) } },
                    { withTimeout(1.hours) { delay(2.hours) } },
                ).map { wait ->
                    thread {
                        runBlocking {
                            try {
                                withContext(reactor.dispatcher) {
                                    waiting.countDown()
                                    wait()
                                }
                            } catch (e: CancellationException) {
                                told.add("${e.message}")
                            }
                        }
                    }
                }
            waiting.awaitOrFail()
            reactor.stopAndJoin(deadline) shouldBe true
            waiters.forEach { it.join(deadline.toMillis()) }
            told shouldContainExactly List(4) { "the reactor of this coroutine has stopped" }
            // A later caller does not either.
            runBlocking { shouldThrow<CancellationException> { withContext(reactor.dispatcher) { delay(1.hours) } } }
        }

        "a thread of the pool that waits for a delay on the dispatcher is told when the connections are closed; the reactor's own go on" {
            val reactor = Reactor.create()
            val waiting = CountDownLatch(2)
            val told = CopyOnWriteArrayList<String>()
            val own = CompletableFuture<Unit>()
            reactor.callInThread {
                repeat(2) {
                    // The second comes while the reactor waits for this thread.
                    try {
                        runBlocking {
                            withContext(reactor.dispatcher) {
                                waiting.countDown()
                                delay(1.hours)
                            }
                        }
                    } catch (e: CancellationException) {
                        told.add("${e.message}")
                    }
                }
                own.getOrFail() // a delay of the reactor's scope, which is longer than that
            }
            reactor.start()
            reactor.onLoop {
                reactor.scope.launch {
                    waiting.countDown()
                    while (told.size < 2) delay(1)
                    own.complete(Unit)
                }
            }
            waiting.awaitOrFail()
            reactor.stopAndJoin(deadline) shouldBe true
            told shouldContainExactly List(2) { "the reactor of this coroutine has stopped" }
            own.isDone shouldBe true
        }

        "a delayed call of a coroutine that its owner has cancelled by hand does not hold the end up" {
            val reactor = Reactor.create()
            reactor.start()
            reactor.onLoop {
                reactor.scope.launch { withContext(NonCancellable) { delay(1.hours) } }
                reactor.delayedCalls().single().cancel()
            }
            reactor.stopAndJoin(deadline) shouldBe true
        }

        "threads that never stop calling do not hold the end up, and every call that was taken is made" {
            val reactor = Reactor.create()
            reactor.start()
            val taken = AtomicInteger()
            val made = AtomicInteger()
            val refused = CountDownLatch(CALLERS)
            val begun = CountDownLatch(CALLERS)
            repeat(CALLERS) {
                thread {
                    begun.countDown()
                    while (runCatching { reactor.callFromThread { made.incrementAndGet() } }.isSuccess) taken.incrementAndGet()
                    refused.countDown()
                }
            }
            begun.awaitOrFail()
            reactor.stopAndJoin(deadline) shouldBe true
            refused.awaitOrFail()
            made.get() shouldBe taken.get()
        }

        "other threads are refused before the last calls are made, of which the loop's own are still taken" {
            val reactor = Reactor.create()
            val events = CopyOnWriteArrayList<String>()
            reactor.start()
            reactor.onLoop {
                reactor.scope.launch {
                    try {
                        delay(1.hours)
                    } finally {
                        reactor.callFromThread {
                            val other = CompletableFuture<Boolean>()
                            thread { other.complete(runCatching { reactor.callFromThread {} }.isSuccess) }
                            events.add("another thread's call is taken: ${other.getOrFail()}")
                            reactor.callFromThread { events.add("the loop's own is") }
                        }
                    }
                }
            }
            reactor.stopAndJoin(deadline) shouldBe true
            events shouldContainExactly listOf("another thread's call is taken: false", "the loop's own is")
        }

        "calls that make ever more calls at the end are dropped, and the end comes" {
            val reactor = Reactor.create()
            reactor.start()
            var count = 0
            reactor.onLoop {
                reactor.scope.launch {
                    withContext(NonCancellable) {
                        while (true) {
                            count++
                            yield()
                        }
                    }
                }
            }
            reactor.stopAndJoin(deadline) shouldBe true
            (count > 0) shouldBe true
        }

        "the shutdown goes on in a turn after the callback that it waited for, never inside of it" {
            val reported = CopyOnWriteArrayList<Throwable>()
            val reactor = Reactor.create(ReactorOptions(errorListener = { _, error -> reported.add(error) }))
            val events = CopyOnWriteArrayList<String>()
            val goodbye = Deferred<Unit>()
            val stopping = CountDownLatch(1)
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                stopping.countDown()
                goodbye
            }
            reactor.addSystemEventTrigger(Phase.DURING, SystemEvent.SHUTDOWN) { events.add("during") }
            reactor.start()
            val port =
                reactor.listen {
                    object : Protocol() {
                        override fun dataReceived(data: ByteArray) {
                            events.add("begins")
                            transport.write(data)
                            goodbye.callback(Unit)
                            reactor.callFromThread { events.add("handed over") }
                            events.add("returns")
                        }

                        override fun connectionLost(reason: CloseReason) {
                            events.add("lost")
                        }
                    }
                }
            port.connect().use { socket ->
                reactor.stopFromThread()
                stopping.awaitOrFail()
                socket.getOutputStream().write(1)
                socket.getInputStream().read() shouldBe 1
                socket.getInputStream().read() shouldBe -1
            }
            reactor.stopAndJoin(deadline) shouldBe true
            events shouldContainExactly listOf("begins", "returns", "handed over", "lost", "during")
            reported shouldContainExactly emptyList()
        }

        "running it again in an after-trigger is refused as after the end" {
            val reactor = Reactor.create()
            val thrown = ArrayList<Throwable>()
            for (phase in listOf(Phase.DURING, Phase.AFTER)) {
                reactor.addSystemEventTrigger(phase, SystemEvent.SHUTDOWN) {
                    thrown.add(shouldThrow<IllegalStateException> { reactor.run() })
                    thrown.add(shouldThrow<IllegalStateException> { reactor.start() })
                }
            }
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                shouldThrow<ReactorAlreadyRunningException> { reactor.run() }
            }
            reactor.callWhenRunning(reactor::stop)
            reactor.run()
            thrown.map { it.javaClass } shouldContainExactly List(4) { ReactorNotRestartableException::class.java }
        }

        "one that has never run is released: triggers of its end run, those of its start do not, and its port is closed" {
            val reactor = Reactor.create()
            val events = CopyOnWriteArrayList<String>()
            reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.STARTUP) { events.add("startup") }
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                events.add("before, running: ${reactor.isRunning}")
                Deferred<Unit>().also { reactor.callLater(1.milliseconds) { it.callback(Unit) } }
            }
            reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { events.add("after") }
            val factory =
                object : Factory({ Scripted() }) {
                    override fun stopFactory() {
                        events.add("factory stopped")
                    }
                }
            val port = reactor.listenTcp(0, factory, "127.0.0.1")
            val client = CompletableFuture<Throwable>()
            reactor.connectTcp(
                "127.0.0.1",
                port.port(),
                object : ClientFactory({ Scripted() }) {
                    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
                        client.complete(reason)
                    }

                    override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
                        client.complete(reason)
                    }
                },
            )
            val handed = CompletableFuture<Unit>()
            reactor.callFromThread { handed.complete(Unit) }
            reactor.stopAndJoin(deadline) shouldBe true
            events shouldContainExactly listOf("before, running: false", "factory stopped", "after")
            handed.getOrFail()
            client.isDone shouldBe true
            shouldThrow<IOException> { port.connect() }
            port.isListening shouldBe false
            shouldThrow<ReactorNotRestartableException> { reactor.run() }
            shouldThrow<ReactorNotRunningException> { reactor.listenTcp(0, Factory { Scripted() }) }
            reactor.stopAndJoin(deadline) shouldBe true
        }

        "one that has crashed is released, wherever it crashed and whatever thread asks" {
            for (iterates in listOf(false, true)) {
                val reactor = Reactor.create()
                val events = CopyOnWriteArrayList<String>()
                reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { events.add("after") }
                val port = reactor.listenTcp(0, Factory { Scripted() }, "127.0.0.1")
                if (iterates) {
                    reactor.iterate()
                    reactor.crash() // between two turns: there is none left in which it could leave this thread
                } else {
                    reactor.callWhenRunning(reactor::crash)
                    reactor.run()
                }
                port.connect().close() // Nobody accepts, but the port is open.
                reactor.stopAndJoin(deadline) shouldBe true
                events shouldContainExactly listOf("after")
                shouldThrow<IOException> { port.connect() }
                shouldThrow<ReactorNotRestartableException> { reactor.start() }
            }
        }

        "descriptors are given back by those that never ran, crashed, or could not begin".config(enabledOrReasonIf = {
            if (openFiles() != null) Enabled.enabled else Enabled.disabled("This system does not tell how many descriptors are open.")
        }) {
            fun round() {
                Reactor.create().stopAndJoin(deadline) shouldBe true
                Reactor.create().apply { listenTcp(0, Factory { Scripted() }, "127.0.0.1") }.stopAndJoin(deadline) shouldBe true
                val crashed = Reactor.create()
                crashed.callWhenRunning(crashed::crash)
                crashed.run()
                crashed.stopAndJoin(deadline) shouldBe true
                ReactorGroup.create(2).close()
            }
            round() // what is opened once in a JVM
            val before = openFiles()!!
            repeat(ROUNDS) { round() }
            (openFiles()!! - before < ROUNDS) shouldBe true
        }

        "a group that was never started is released by close" {
            val group = ReactorGroup.create(2)
            val port = group.listen(NotingFactories())
            group.close()
            port.isDone shouldBe true
            group.reactors.forEach { shouldThrow<ReactorNotRestartableException> { it.start() } }
        }

        "stopping it from many threads at once, run or not, ends it once" {
            repeat(20) { round ->
                val reactor = Reactor.create()
                val ends = AtomicInteger()
                reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { ends.incrementAndGet() }
                val results = CopyOnWriteArrayList<Boolean>()
                val stoppers = List(4) { thread { results.add(reactor.stopAndJoin(deadline)) } }
                val runs = if (round % 2 == 0) thread { runCatching { reactor.run() } } else null
                (stoppers + listOfNotNull(runs)).forEach { it.join(deadline.toMillis()) }
                results shouldContainExactly List(4) { true }
                results shouldNotContain false
                ends.get() shouldBe 1
            }
        }

        "an end that does not come in time is told, and comes" {
            val reactor = Reactor.create()
            val goodbye = CompletableFuture<Deferred<Unit>>()
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { Deferred<Unit>().also(goodbye::complete) }
            reactor.stopAndJoin(Duration.ofMillis(20)) shouldBe false
            val held = goodbye.getOrFail()
            reactor.callFromThread { held.callback(Unit) }
            reactor.stopAndJoin(Duration.ofSeconds(Long.MAX_VALUE)) shouldBe true
        }
    })

private const val CALLERS = 8
private const val ROUNDS = 30

/** How many descriptors this process has open, where that can be known. */
private fun openFiles(): Int? = java.io.File("/proc/self/fd").list()?.size
