// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.group

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.endpoint.EndpointSyntaxException
import dev.torsion.endpoint.listen
import dev.torsion.net.Address
import dev.torsion.net.CannotListenException
import dev.torsion.net.ConnectionDone
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.net.TcpTransport
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Phase
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.awaitOrFail
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.ExecutionException
import java.util.concurrent.Future
import java.util.concurrent.TimeUnit

class GroupPortSpec :
    StringSpec({
        "connections are shared evenly, and each stays on the thread of one reactor" {
            withGroup { group ->
                val factories = NotingFactories()
                val port = group.listen(factories).getOrFail()
                val sockets = List(20) { port.connect() }
                sockets.forEach { it.echo() }
                group.connectionCounts() shouldBe listOf(10, 10)
                sockets.closeAll()
                factories.made.forEach { it.lost.getOrFail().shouldBeInstanceOf<ConnectionDone>() }
                factories.made.forEach { it.threads.toSet().size shouldBe 1 }
                val threads = group.reactors.map { it.onLoop { Thread.currentThread() } }
                factories.made.groupingBy { it.threads.first() }.eachCount() shouldBe threads.associateWith { 10 }
            }
        }

        "factories are made, started and stopped on the threads of their reactors, and then the port is free" {
            withGroup { group ->
                val factories = NotingFactories()
                val port = group.listen(factories).getOrFail()
                val threads = group.reactors.map { it.onLoop { Thread.currentThread() } }
                val socket = port.connect()
                socket.echo()
                port.isListening shouldBe true
                port.stopListening().getOrFail()
                port.isListening shouldBe false
                for (event in listOf("made", "started", "stopped")) factories.threadsOf(event) shouldContainExactlyInAnyOrder threads
                socket.echo() // it lives on
                group.listenTcp(port.port(), { Factory { NotingEcho() } }, "127.0.0.1").getOrFail().stopListening().getOrFail()
                port.stopListening().getOrFail() // once more does nothing
                factories.threadsOf("stopped").size shouldBe 2
                socket.close()
                factories.made.forEach { it.lost.getOrFail() }
                group.awaitNoChannels()
            }
        }

        "the options of the port hold for connections on every reactor" {
            withGroup { group ->
                val alive = CopyOnWriteArrayList<Boolean>()
                val keeping: () -> Protocol = {
                    object : Protocol() {
                        override fun connectionMade() {
                            alive.add((transport as TcpTransport).run { tcpKeepAlive && !tcpNoDelay })
                            transport.loseConnection()
                        }
                    }
                }
                val options = TcpOptions(tcpKeepAlive = true, tcpNoDelay = false)
                val port = group.listenTcp(0, { Factory(keeping) }, "127.0.0.1", 50, options).getOrFail()
                repeat(4) { port.connect().use { it.isEnded() shouldBe true } }
                alive shouldBe listOf(true, true, true, true)
            }
        }

        "by an endpoint's string too, and one that is not understood stops the factories" {
            withGroup { group ->
                group.listen("tcp:0:interface=127.0.0.1") { Factory { NotingEcho() } }.getOrFail().connect().use { it.echo() }
                val factories = NotingFactories()
                failureOf<EndpointSyntaxException>(group.listen("tpc:0", factories))
                factories.awaitAllStopped(group)
            }
        }

        "a factory that builds no protocol closes the connection, and one that fails is reported" {
            val reported = CopyOnWriteArrayList<String>()
            withGroup(ReactorOptions(errorListener = { context, error -> reported.add("$context: ${error.message}") })) { group ->
                val refusing =
                    group.listen {
                        object : Factory() {
                            override fun buildProtocol(address: Address): Protocol? = null
                        }
                    }
                repeat(4) { refusing.getOrFail().connect().use { it.isEnded() shouldBe true } }
                reported.shouldBeEmpty()
                val failing = group.listen { Factory { error("no protocol today") } }.getOrFail()
                repeat(4) { failing.connect().use { it.isEnded() shouldBe true } }
                reported shouldBe List(4) { "buildProtocol of Factory failed: no protocol today" }
                group.connectionCounts() shouldBe listOf(0, 0)
            }
        }

        "when the factories of some cannot be made or started there is no port, and those of the others are stopped" {
            withGroup { group ->
                val factories = NotingFactories()
                val error =
                    failureOf<IllegalStateException>(
                        group.listen { if (it === group.reactors[1]) error("not here") else factories.factoryFor(it) },
                    )
                error.message shouldBe "not here"
                factories.awaitAllStopped(group)
                val all =
                    failureOf<IllegalStateException>(
                        group.listen {
                            object : Factory() {
                                override fun startFactory() = error("nowhere")
                            }
                        },
                    )
                all.message shouldBe "nowhere"
                all.suppressed.map { it.message } shouldBe listOf("nowhere")
                group.awaitNoChannels()
            }
        }

        "one factory for two reactors is refused" {
            withGroup { group ->
                val one = Factory { NotingEcho() }
                failureOf<IllegalArgumentException>(group.listen { one }).message shouldContain "belongs to one reactor"
                group.awaitNoChannels()
            }
        }

        "a port that is taken fails the future and stops the factories" {
            withGroup { group ->
                val port = group.listen { Factory { NotingEcho() } }.getOrFail()
                val factories = NotingFactories()
                failureOf<CannotListenException>(group.listenTcp(port.port(), factories, "127.0.0.1"))
                factories.awaitAllStopped(group)
            }
        }

        "cancelling the future, or a stage of it, closes the port, whenever that is" {
            val group = ReactorGroup.create(2)
            val factories = NotingFactories()
            group.listen(factories).cancel(true)
            group.listen(factories).thenApply { it.host() }.cancel(true)
            group.start()
            val held = Held(group.reactors[1])
            val under = group.listen(factories)
            val stage = under.thenApply { it.host() }
            stage.cancel(true)
            held.release()
            factories.awaitAllStopped(group)
            group.reactors.forEach { it.onLoop {} }
            group.awaitNoChannels()
            under.isCancelled shouldBe true
            group.close()
        }

        "futures of a group refuse to block each of its threads" {
            withGroup { group ->
                for (reactor in group.reactors) {
                    val error = reactor.onLoop { shouldThrow<IllegalStateException> { group.listen { Factory { NotingEcho() } }.join() } }
                    error.message shouldContain "would block the thread"
                }
            }
        }

        "connections that are on their way when the port stops are served, and the stop waits for them" {
            withGroup { group ->
                val port = group.listen(NotingFactories()).getOrFail()
                val held = Held(group.reactors[1])
                val sockets = List(10) { port.connect() }
                group.awaitConnections(5, 0)
                val stopped = port.stopListening()
                group.reactors[0].onLoop {} // the port is closed by now
                stopped.isDone shouldBe false
                held.release()
                stopped.getOrFail()
                sockets.forEach { it.echo() }
                group.connectionCounts() shouldBe listOf(5, 5)
                sockets.closeAll()
            }
        }

        "a connection that reaches its reactor after that has ended all connections is closed" {
            withGroup { group ->
                val port = group.listen(NotingFactories()).getOrFail()
                val (accepting, other) = group.reactors
                val reached = CountDownLatch(1)
                val goOn = CountDownLatch(1)
                other.onLoop {
                    other.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
                        reached.countDown()
                        goOn.awaitOrFail()
                    }
                }
                other.stopFromThread()
                reached.awaitOrFail()
                val sockets = List(10) { port.connect() }
                group.awaitConnections(5, 0)
                accepting.onLoop {} // all are accepted, and handed over
                goOn.countDown()
                sockets.filterIndexed { i, _ -> i % 2 == 1 }.forEach { it.isEnded() shouldBe true }
                sockets.filterIndexed { i, _ -> i % 2 == 0 }.forEach { it.echo() }
                sockets.closeAll()
            }
        }

        "one that does not come to see its connections gets no more of them" {
            withGroup { group ->
                val port = group.listen(NotingFactories()).getOrFail()
                val held = Held(group.reactors[1])
                val sockets = List(2 * PortShare.MOST_ON_THEIR_WAY + 20) { port.connect() }
                group.awaitConnections(PortShare.MOST_ON_THEIR_WAY + 20, 0)
                held.release()
                sockets.forEach { it.echo() }
                group.connectionCounts() shouldBe listOf(PortShare.MOST_ON_THEIR_WAY + 20, PortShare.MOST_ON_THEIR_WAY)
                sockets.closeAll()
            }
        }

        "a port whose accepting reactor has crashed can be stopped: the factories of the others are stopped, and the future completes" {
            withGroup { group ->
                val factories = NotingFactories()
                val port = group.listen(factories).getOrFail()
                val (home, other) = group.reactors
                val thread = home.onLoop { Thread.currentThread().also { home.crash() } }
                thread.join(DEADLINE_SECONDS * 1_000) // until the turn of the crash is over, the reactor still takes calls
                thread.isAlive shouldBe false
                port.stopListening().getOrFail()
                port.isListening shouldBe false
                factories.threadsOf("stopped") shouldBe listOf(other.onLoop { Thread.currentThread() })
            }
        }

        "a port whose accepting reactor crashes before it has come to stopping it is stopped all the same" {
            withGroup { group ->
                val factories = NotingFactories()
                val port = group.listen(factories).getOrFail()
                val home = group.reactors[0]
                val threads = group.reactors.map { it.onLoop { Thread.currentThread() } }
                val asked = CountDownLatch(1)
                home.callFromThread {
                    asked.awaitOrFail()
                    home.crash()
                }
                val stopped = port.stopListening()
                asked.countDown()
                stopped.getOrFail()
                port.isListening shouldBe false
                factories.threadsOf("stopped") shouldContainExactlyInAnyOrder threads
            }
        }

        "a port of which another reactor crashes before it has come to closing its share is stopped all the same" {
            withGroup { group ->
                val port = group.listen(NotingFactories()).getOrFail()
                val other = group.reactors[1]
                val asked = CountDownLatch(1)
                other.callFromThread {
                    asked.awaitOrFail()
                    other.crash()
                }
                val stopped = port.stopListening()
                asked.countDown()
                stopped.getOrFail()
                port.isListening shouldBe false
            }
        }

        "a reactor that crashes while its endpoint has not opened, or before it was asked, is done without" {
            for (isAsked in listOf(true, false)) {
                withGroup { group ->
                    val other = group.reactors[1]
                    val cancelled = CountDownLatch(1)
                    val hasWaited = CountDownLatch(1)
                    val mayGoOn = CountDownLatch(1)
                    if (!isAsked) {
                        other.callFromThread {
                            mayGoOn.awaitOrFail()
                            other.crash()
                        }
                    }
                    val opening =
                        group.listening(NotingFactories()) { reactor, factory ->
                            if (reactor.toString() == other.toString()) {
                                hasWaited.countDown()
                                Deferred<ListeningPort> { cancelled.countDown() }
                            } else {
                                succeed(reactor.listenTcp(0, factory, "127.0.0.1"))
                            }
                        }
                    if (isAsked) {
                        hasWaited.awaitOrFail()
                        other.onLoop { other.crash() }
                    } else {
                        mayGoOn.countDown()
                    }
                    opening.getOrFail().connect().use { it.echo() }
                    if (isAsked) cancelled.awaitOrFail()
                }
            }
        }

        "an endpoint that wraps the factories hides nothing: connections are shared, and each goes through the wrapper of its reactor" {
            withGroup { group ->
                val factories = NotingFactories()
                val through = CopyOnWriteArrayList<Thread>()
                val port =
                    group.listening(factories) { reactor, factory ->
                        val wrapper =
                            object : Factory() {
                                override fun buildProtocol(address: Address): Protocol? {
                                    through.add(Thread.currentThread())
                                    return factory.buildProtocol(address)
                                }

                                override fun startFactory() = factory.doStart()

                                override fun stopFactory() = factory.doStop()
                            }
                        succeed(reactor.listenTcp(0, wrapper, "127.0.0.1"))
                    }.getOrFail()
                val sockets = List(4) { port.connect() }
                sockets.forEach { it.echo() }
                group.connectionCounts() shouldBe listOf(2, 2)
                sockets.closeAll()
                val threads = group.reactors.map { it.onLoop { Thread.currentThread() } }
                through.groupingBy { it }.eachCount() shouldBe threads.associateWith { 2 }
                port.stopListening().getOrFail()
                factories.awaitAllStopped(group)
            }
        }

        "an endpoint that listens nowhere, or twice, is refused, and the factories are stopped" {
            withGroup { group ->
                val factories = NotingFactories()
                val nowhere = group.listening(factories) { _, _ -> fail(IllegalStateException("closed today")) }
                failureOf<IllegalStateException>(nowhere).message shouldBe "closed today"
                val twice =
                    group.listening(factories) { reactor, factory ->
                        reactor.listenTcp(0, factory, "127.0.0.1")
                        succeed(reactor.listenTcp(0, factory, "127.0.0.1"))
                    }
                failureOf<IllegalStateException>(twice).message shouldContain "one port at a time"
                factories.awaitAllStopped(group)
                group.awaitNoChannels()
            }
        }

        "a reactor that ends while its endpoint has not listened yet is not waited for" {
            withGroup { group ->
                val asked = CompletableFuture<Unit>()
                val late = Deferred<ListeningPort>()
                val listening =
                    group.listening(NotingFactories()) { reactor, factory ->
                        if (reactor.name == group.reactors[1].name) {
                            late.also { asked.complete(Unit) }
                        } else {
                            succeed(reactor.listenTcp(0, factory, "127.0.0.1"))
                        }
                    }
                asked.getOrFail()
                group.reactors[1].stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
                listening.getOrFail().isListening shouldBe true
                late.called shouldBe true
            }
        }

        "cancelling gives up what an endpoint has not opened yet" {
            withGroup { group ->
                val asked = CountDownLatch(group.reactors.size)
                val cancelled = CountDownLatch(group.reactors.size)
                val listening =
                    group.listening(NotingFactories()) { _, _ ->
                        Deferred<ListeningPort> { cancelled.countDown() }.also { asked.countDown() }
                    }
                asked.awaitOrFail()
                listening.cancel(true) shouldBe true
                cancelled.awaitOrFail()
                group.awaitNoChannels()
            }
        }

        "cancelling gives up what an endpoint is just opening" {
            withGroup { group ->
                val given = CompletableFuture<CompletableFuture<GroupPort>>()
                val cancelled = CountDownLatch(1)
                val listening =
                    group.listening(NotingFactories()) { reactor, _ ->
                        if (reactor.name != group.reactors[1].name) return@listening Deferred<ListeningPort> {}
                        val isHeard = CountDownLatch(1)
                        given.getOrFail().cancel(true)
                        group.reactors[0].callFromThread { isHeard.countDown() }
                        isHeard.awaitOrFail()
                        Deferred { cancelled.countDown() }
                    }
                given.complete(listening)
                cancelled.awaitOrFail()
                group.awaitNoChannels()
            }
        }

        "what a protocol does when it is made leaves, on every reactor" {
            withGroup { group ->
                val port =
                    group.listen {
                        Factory {
                            object : Protocol() {
                                override fun connectionMade() {
                                    transport.write("hello".toByteArray())
                                    transport.loseConnection()
                                }
                            }
                        }
                    }.getOrFail()
                repeat(6) { port.connect().use { String(it.getInputStream().readAllBytes()) shouldBe "hello" } }
            }
        }
    })

private inline fun <reified E : Throwable> failureOf(future: Future<*>): E =
    shouldThrow<ExecutionException> { future.get(DEADLINE_SECONDS, TimeUnit.SECONDS) }.cause.shouldBeInstanceOf<E>()

/** Every factory that was started is stopped by the time that each reactor has done what it was handed before. */
private fun NotingFactories.awaitAllStopped(group: ReactorGroup) {
    // Twice round: what one reactor asks of the others, and what they do then.
    repeat(2) { group.reactors.forEach { reactor -> reactor.onLoop {} } }
    threadsOf("stopped") shouldContainExactlyInAnyOrder threadsOf("started")
}
