// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.Connector
import dev.torsion.net.DnsLookupException
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.WrongThreadException
import dev.torsion.reactor.Phase
import dev.torsion.reactor.SystemEvent
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration

private class Echo : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.write(data)
}

private class Greeter : Protocol() {
    val received = StringBuilder()
    var reason: CloseReason? = null

    override fun connectionMade() = transport.write("hello".toByteArray())

    override fun dataReceived(data: ByteArray) {
        received.append(String(data))
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

private class Recorder(private val made: Protocol) : ClientFactory() {
    val heard = ArrayList<String>()
    var failure: CannotConnectException? = null

    override fun buildProtocol(address: dev.torsion.net.Address) = made

    override fun startedConnecting(connector: Connector) {
        heard.add("started")
    }

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
        heard.add("failed")
        failure = reason
    }

    override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
        heard.add("lost")
    }
}

class MemoryReactorSpec :
    StringSpec({
        lateinit var reactor: MemoryReactor
        beforeTest { reactor = MemoryReactor() }
        afterTest { reactor.close() }

        "a client and a server talk in memory" {
            val client = Greeter()
            val factory = Recorder(client)
            val port = reactor.listenTcp(8007, Factory { Echo() })
            reactor.connectTcp("127.0.0.1", 8007, factory)
            reactor.flush()
            client.received.toString() shouldBe "hello"
            client.transport.peer().toString() shouldBe "127.0.0.1:8007"
            reactor.network.connections shouldBe 1
            client.transport.loseConnection()
            reactor.flush()
            client.reason.shouldBeInstanceOf<ConnectionDone>()
            factory.heard.shouldContainExactly("started", "lost")
            reactor.ports.shouldContainExactly(port)
            reactor.clock.elapsed().toKotlinDuration() shouldBe 0.seconds
            reactor.runFor(1.minutes)
            reactor.network.connections shouldBe 0
        }

        "nobody listens, so the connection is refused" {
            val factory = Recorder(Echo())
            val connector = reactor.connectTcp("127.0.0.1", 8007, factory)
            reactor.connectors.shouldContainExactly(connector)
            reactor.flush()
            factory.failure.shouldBeInstanceOf<ConnectionRefusedException>()
        }

        "a silent machine makes the attempt time out, in virtual time" {
            reactor.network.silence("10.0.0.9")
            val factory = Recorder(Echo())
            reactor.connectTcp("10.0.0.9", 80, factory)
            reactor.advance(29.seconds)
            factory.heard.shouldContainExactly("started")
            reactor.advance(1.seconds)
            factory.failure.shouldBeInstanceOf<ConnectTimeoutException>()
        }

        "host names are what the test says" {
            reactor.network.addHost("example.com", "10.0.0.1")
            val client = Greeter()
            reactor.listenTcp(80, Factory { Echo() })
            reactor.connectTcp("example.com", 80, Recorder(client))
            val unknown = Recorder(Echo())
            reactor.connectTcp("example.org", 80, unknown)
            reactor.flush()
            client.transport.peer().toString() shouldBe "10.0.0.1:80"
            unknown.failure.shouldBeInstanceOf<DnsLookupException>()
        }

        "startup triggers and waiting calls run when the reactor is first driven, and shutdown triggers when it stops" {
            val heard = ArrayList<String>()
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.STARTUP) { heard.add("startup") }
            reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { heard.add("shutdown") }
            reactor.callWhenRunning { heard.add("running") }
            reactor.isRunning shouldBe false
            reactor.flush()
            reactor.isRunning shouldBe true
            heard.shouldContainExactly("startup", "running")
            reactor.stop()
            reactor.flush()
            reactor.isRunning shouldBe false
            heard.shouldContainExactly("startup", "running", "shutdown")
        }

        "run jumps from timer to timer until stop" {
            reactor.callLater(3.hours) { reactor.stop() }
            reactor.run()
            reactor.clock.elapsed().toKotlinDuration() shouldBe 3.hours
        }

        "run says when there is nothing left to wait for" {
            reactor.callLater(1.hours) {}
            shouldThrow<AssertionError> { reactor.run() }.message shouldContain "nothing left to wait for"
        }

        "work for threads runs on another thread, in order and in no time" {
            val main = Thread.currentThread()
            val threads = ArrayList<Thread>()
            val results = ArrayList<Int>()
            for (i in 1..3) {
                reactor
                    .deferToThread {
                        threads.add(Thread.currentThread())
                        i
                    }.addCallback { results.add(it) }
            }
            results.shouldContainExactly()
            reactor.flush()
            results.shouldContainExactly(1, 2, 3)
            threads.none { it === main } shouldBe true
        }

        "work in a thread is held to the rules of threads" {
            val work = reactor.deferToThread { reactor.callLater(1.seconds) {} }
            shouldThrow<WrongThreadException> { reactor.await(work) }
            val waits = reactor.deferToThread { reactor.blockingCallFromThread { Deferred<String>() } }
            shouldThrow<IllegalStateException> { reactor.await(waits) }.message shouldContain "use callFromThread"
        }

        "what a callback throws comes to the test" {
            reactor.callLater(1.seconds) { error("broken") }
            shouldThrow<IllegalStateException> { reactor.advance(1.seconds) }.message shouldBe "broken"
            reactor.advance(1.seconds)
        }

        "a listener for errors gets them instead" {
            val heard = ArrayList<String>()
            MemoryReactor { _, error -> heard.add(error.message!!) }.use {
                it.callLater(1.seconds) { error("broken") }
                it.advance(1.seconds)
            }
            heard.shouldContainExactly("broken")
        }

        "a test in suspend functions takes no time" {
            val order = ArrayList<String>()
            val result =
                reactor.runTest(timeout = 3.hours) {
                    launch {
                        delay(1.hours)
                        order.add("child")
                    }
                    order.add("block")
                    delay(2.hours)
                    order.add("end")
                    42
                }
            result shouldBe 42
            order.shouldContainExactly("block", "child", "end")
            reactor.clock.elapsed().toKotlinDuration() shouldBe 2.hours
        }

        "a test that waits for nothing fails at once and says so" {
            shouldThrow<AssertionError> { reactor.runTest { Deferred<Unit>().await() } }.message shouldContain "nothing left to wait for"
        }

        "a test that takes too much virtual time fails" {
            val thrown = shouldThrow<AssertionError> { runReactorTest(5.seconds) { delay(6.seconds) } }
            thrown.message shouldContain "the test has not ended after PT5S"
        }

        "what the test block throws is thrown" {
            shouldThrow<NoSuchElementException> { reactor.runTest { emptyList<Int>().first() } }
        }

        "time can be let pass on the clock as well" {
            val clock = VirtualClock()
            MemoryReactor(clock).use {
                var rung = 0
                it.callLater(1.seconds) { rung++ }
                clock.callLater(1.seconds) { rung++ }
                clock.advance(1.seconds)
                rung shouldBe 2
                MemoryReactor(clock).use { other ->
                    other.callLater(1.seconds) { rung++ }
                    it.advance(1.seconds)
                    rung shouldBe 3
                }
            }
        }
    })
