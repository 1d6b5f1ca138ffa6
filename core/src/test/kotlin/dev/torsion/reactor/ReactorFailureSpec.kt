// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.group.connect
import dev.torsion.group.listen
import dev.torsion.loop.ErrorListener
import dev.torsion.loop.Loop
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPool
import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import dev.torsion.nio.NioPoller
import dev.torsion.nio.Scripted
import dev.torsion.nio.connect
import dev.torsion.nio.listen
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.IOException
import java.nio.channels.SelectionKey
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.function.Consumer
import kotlin.concurrent.thread

/** Exceptions outside all callbacks: the loop lives on, and when it cannot, it ends whole. */
class ReactorFailureSpec :
    StringSpec({
        val throwables =
            listOf(
                { IOException("no events") },
                { IllegalStateException("a bug") },
                { OutOfMemoryError("for a test") },
                { StackOverflowError("for a test") },
                { NoClassDefFoundError("for/a/Test") },
                { InternalError("for a test") },
            )

        "whatever a turn throws, the loop goes on: its connections, its calls and its stop" {
            for (make in throwables) {
                for (place in FailingReactor.Place.entries) {
                    val error = make()
                    withClue("$error thrown by $place") {
                        val reported = CopyOnWriteArrayList<Throwable>()
                        val reactor = FailingReactor(reported::add)
                        reactor.start()
                        val port = reactor.listen { Scripted(received = { transport.write(it) }) }
                        port.connect().use { socket ->
                            reactor.onLoop { reactor.failOnce(place, error) }
                            reactor.thrown.getOrFail()
                            socket.getOutputStream().write(1)
                            socket.getInputStream().read() shouldBe 1
                        }
                        reactor.isRunning shouldBe true
                        reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
                        reported shouldContain error
                    }
                }
            }
        }

        "a loop that cannot wait for events ends whole: everybody is told, nothing stays open, and run throws the reason" {
            val reported = CopyOnWriteArrayList<Throwable>()
            val reactor = FailingReactor(reported::add)
            val events = CopyOnWriteArrayList<String>()
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                events.add("before")
                Deferred<Unit>() // which is not waited for: nobody could fire it
            }
            reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { events.add("after") }
            val thrown = CompletableFuture<Throwable>()
            val running = thread { thrown.complete(shouldThrow<ReactorFailedException> { reactor.run() }) }
            val lost = CompletableFuture<Unit>()
            val port = reactor.listen { Scripted().also { p -> p.lost.thenAccept { lost.complete(Unit) } } }
            val socket = port.connect()
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
            val pooled = CompletableFuture<Thread>()
            reactor.callInThread { pooled.complete(Thread.currentThread()) }
            val error = IOException("the selector is broken")
            reactor.breakFor(error)
            thrown.getOrFail().cause shouldBeSameInstanceAs error
            running.join()
            told.getOrFail().cause shouldBeSameInstanceAs error
            lost.getOrFail()
            socket.getInputStream().read() shouldBe -1
            socket.close()
            shouldThrow<IOException> { port.connect() }
            pooled.getOrFail().join(TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS))
            pooled.getOrFail().isAlive shouldBe false
            events shouldContainExactly listOf("before", "after")
            reactor.isRunning shouldBe false
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            shouldThrow<ReactorNotRunningException> { reactor.callFromThread {} }
            shouldThrow<ReactorNotRestartableException> { reactor.run() }
            reported shouldContain error
        }

        "a selector that is closed ends the loop at once, also on a thread of its own and in iterate" {
            val started = FailingReactor()
            started.start()
            started.onLoop { started.closeSelector() }
            started.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            started.isRunning shouldBe false
            val iterated = FailingReactor()
            iterated.iterate()
            iterated.closeSelector()
            shouldThrow<ReactorFailedException> { iterated.iterate() }
            shouldThrow<ReactorNotRestartableException> { iterated.iterate() }
        }

        "whoever has a channel on a selector that is closed from outside is told: ports, connections and futures" {
            val reactor = FailingReactor()
            val events = CopyOnWriteArrayList<String>()
            reactor.start()
            val connected = CountDownLatch(4)
            fun noting(name: String) =
                Scripted(made = { connected.countDown() }).also { p -> p.lost.thenAccept { events.add("$name lost") } }
            val server =
                object : Factory({ noting("server") }) {
                    override fun stopFactory() {
                        events.add("server stopped")
                    }
                }
            val client =
                object : ClientFactory({ noting("client") }) {
                    override fun stopFactory() {
                        events.add("client stopped")
                    }
                }
            val port = reactor.onLoop { reactor.listenTcp(0, server, "127.0.0.1") }
            val sockets = List(2) { port.connect() }
            reactor.onLoop { reactor.connectTcp("127.0.0.1", port.port(), client) }
            connected.awaitOrFail()
            val future = CompletableFuture<Any>()
            val waiting = CountDownLatch(1)
            thread {
                val never =
                    runCatching {
                        reactor.blockingCallFromThread {
                            waiting.countDown()
                            Deferred<Unit>()
                        }
                    }
                future.complete(never.exceptionOrNull()!!)
            }
            waiting.awaitOrFail()
            reactor.onLoop { reactor.closeSelector() }
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            future.getOrFail().shouldBeInstanceOf<ReactorNotRunningException>()
            sockets.forEach { socket -> socket.use { it.getInputStream().read() shouldBe -1 } }
            shouldThrow<IOException> { port.connect() }
            events.sorted() shouldContainExactly
                listOf("client lost", "client stopped") + List(3) { "server lost" } + "server stopped"
        }

        "what is closed is forgotten, all but a few" {
            val reactor = FailingReactor()
            reactor.start()
            val port = reactor.listen { Scripted(received = { transport.loseConnection() }) }
            repeat(100) {
                port.connect().use { socket ->
                    socket.getOutputStream().write(1)
                    socket.getInputStream().read() shouldBe -1
                }
            }
            reactor.onLoop { }
            reactor.onLoop { } // it has waited once more
            (reactor.onLoop { reactor.registeredCount } < 25) shouldBe true
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "what is closed is forgotten by a loop that never waits, and a connection out is noted once" {
            val reactor = FailingReactor()
            val lost = AtomicInteger()
            val port = reactor.listenTcp(0, Factory { Scripted(made = { transport.loseConnection() }) }, "127.0.0.1")
            repeat(100) {
                val client =
                    object : ClientFactory() {
                        override fun buildProtocol(address: Address) = object : Protocol() {
                            override fun connectionLost(reason: CloseReason) {
                                lost.incrementAndGet()
                            }
                        }
                    }
                reactor.connectTcp("127.0.0.1", port.port(), client)
                while (lost.get() <= it) reactor.iterate(Duration.ZERO)
            }
            repeat(3) { reactor.iterate(Duration.ZERO) }
            (reactor.registeredCount < 25) shouldBe true
            reactor.stop()
            while (reactor.iterate(Duration.ZERO)) Thread.onSpinWait()
        }

        "a loop that breaks while it stops does not wait for what the shutdown waits for" {
            val reactor = FailingReactor()
            val events = CopyOnWriteArrayList<String>()
            val stopping = CountDownLatch(1)
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                stopping.countDown()
                Deferred<Unit>()
            }
            reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { events.add("after") }
            reactor.start()
            reactor.stopFromThread()
            stopping.awaitOrFail()
            reactor.breakFor(IOException("broken"))
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            events shouldContainExactly listOf("after")
        }

        "an error listener that throws, whatever it throws, keeps nothing from going on" {
            val reactor = FailingReactor { throw OutOfMemoryError("in the error listener") }
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { error("in a trigger") }
            reactor.start()
            reactor.callFromThread { error("in a call") }
            reactor.failOnce(FailingReactor.Place.SELECT, IOException("once"))
            reactor.thrown.getOrFail()
            reactor.onLoop { 1 } shouldBe 1
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "a thread of the pool survives an error listener that throws" {
            val reported = CompletableFuture<Unit>()
            val pool =
                ThreadPool("unlucky", 1, errorListener = { _, _ ->
                    reported.complete(Unit)
                    throw OutOfMemoryError("in the error listener")
                })
            pool.start()
            pool.callInThread { throw StackOverflowError("for a test") }
            reported.getOrFail()
            val done = CompletableFuture<Unit>()
            pool.callInThread { done.complete(Unit) }
            done.getOrFail()
            pool.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "a reactor that is interrupted goes on, says so, and does not spin" {
            val reported = CopyOnWriteArrayList<Throwable>()
            val told = CompletableFuture<Unit>()
            val listener =
                ErrorListener { _, error ->
                    reported.add(error)
                    told.complete(Unit)
                }
            withReactor(ReactorOptions(errorListener = listener)) { reactor ->
                reactor.callFromThread { Thread.currentThread().interrupt() }
                told.getOrFail()
                val quiet = CompletableFuture<Long>()
                reactor.onLoop {
                    Thread.currentThread().isInterrupted shouldBe false
                    val before = reactor.health().turns
                    reactor.callLater(200, TimeUnit.MILLISECONDS) { quiet.complete(reactor.health().turns - before) }
                }
                quiet.getOrFail() shouldBeLessThanOrEqual MOST_QUIET_TURNS
                reported.map { it.javaClass } shouldContainExactly listOf(InterruptedException::class.java)
            }
        }

        "shutdownNow of the executor that runs it is told no, and the reactor can be stopped afterwards" {
            val reported = CompletableFuture<Throwable>()
            val reactor = Reactor.create(ReactorOptions(errorListener = { _, error -> reported.complete(error) }))
            val executor = java.util.concurrent.Executors.newSingleThreadExecutor()
            val running = CountDownLatch(1)
            reactor.callWhenRunning(running::countDown)
            val run = executor.submit { reactor.run() }
            running.awaitOrFail()
            executor.shutdownNow()
            (reported.getOrFail() is InterruptedException) shouldBe true
            reactor.onLoop { reactor.isRunning } shouldBe true
            reactor.stopFromThread()
            run.get(DEADLINE_SECONDS, TimeUnit.SECONDS)
            executor.awaitTermination(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
        }

        "who is interrupted while it starts a reactor has one that runs, and stays interrupted" {
            val reactor = Reactor.create()
            Thread.currentThread().interrupt()
            reactor.start()
            Thread.interrupted() shouldBe true
            reactor.onLoop { reactor.isRunning } shouldBe true
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
        }

        "failures that come one by one are not counted together" {
            val reported = CopyOnWriteArrayList<Throwable>()
            val reactor = FailingReactor(reported::add)
            reactor.start()
            repeat(MANY_FAILURES) {
                reactor.failOnce(FailingReactor.Place.SELECT, IOException("number $it"))
                reactor.thrown.getOrFail()
                reactor.onLoop {}
            }
            reactor.isRunning shouldBe true
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            reported.size shouldBe MANY_FAILURES
        }
    })

private const val MOST_QUIET_TURNS = 20L
private const val MANY_FAILURES = 40 // more than the loop takes in a row

/** Where a [FailingReactor] throws next, and what. */
private class Faults {
    @Volatile
    var next: Pair<FailingReactor.Place, Throwable>? = null

    @Volatile
    var broken: Throwable? = null

    /** Complete when the error that was asked for has been thrown. */
    @Volatile
    var thrown = CompletableFuture<Unit>()

    @Volatile
    var loop: Loop? = null

    fun at(place: FailingReactor.Place) {
        val (where, error) = next ?: return
        if (where != place || loop?.inLoop != true) return
        next = null
        thrown.complete(Unit)
        throw error
    }
}

private class FailingPoller(loop: Loop, private val faults: Faults) : NioPoller(loop) {
    init {
        faults.loop = loop
    }

    fun closeSelector() = selector.close()

    override fun select(timeoutNanos: Long, ready: Consumer<SelectionKey>) {
        faults.broken?.let { throw it }
        faults.at(FailingReactor.Place.SELECT)
        super.select(timeoutNanos, ready)
        faults.at(FailingReactor.Place.AFTER_SELECT)
    }
}

/** A reactor that throws where no callback is to blame. */
private class FailingReactor private constructor(options: ReactorOptions, private val faults: Faults) :
    EngineReactor(
        options,
        nioEngine(options) { FailingPoller(it, faults) },
        {
            faults.at(Place.CLOCK)
            System.nanoTime()
        },
    ) {
    constructor(listener: (Throwable) -> Unit = {}) :
        this(ReactorOptions("failing", errorListener = { _, error -> listener(error) }), Faults())

    enum class Place { SELECT, AFTER_SELECT, CLOCK }

    /** Complete when the error that was asked for has been thrown. */
    val thrown: CompletableFuture<Unit> get() = faults.thrown

    fun failOnce(place: Place, error: Throwable) {
        faults.thrown = CompletableFuture()
        faults.next = place to error
        engine.poller.wakeUp()
    }

    fun breakFor(error: Throwable) {
        faults.broken = error
        engine.poller.wakeUp()
    }

    val registeredCount: Int get() = (engine.poller as NioPoller).registeredCount

    fun closeSelector() = (engine.poller as FailingPoller).closeSelector()
}
