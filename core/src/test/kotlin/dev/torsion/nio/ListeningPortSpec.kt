// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.loop.Loop
import dev.torsion.net.CannotListenException
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.reactor.EngineReactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.nioEngine
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.nio.channels.ClosedSelectorException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import dev.torsion.net.Factory as TorsionFactory

/** Notes its starts and stops, and does what a test wants then. */
private class Noting(private val starting: () -> Unit = {}, private val stopping: () -> Unit = {}) :
    TorsionFactory({ Scripted(made = { transport.loseConnection() }) }) {
    val events = CopyOnWriteArrayList<String>()

    override fun startFactory() {
        events.add("start")
        starting()
    }

    override fun stopFactory() {
        events.add("stop")
        stopping()
    }
}

private class ClosablePoller(loop: Loop) : NioPoller(loop) {
    fun closeSelector() = selector.close()
}

private class ClosableReactor : EngineReactor(ReactorOptions(), nioEngine(ReactorOptions(), ::ClosablePoller)) {
    fun closeSelector() = (engine.poller as ClosablePoller).closeSelector()
}

/** The life of a listening port: opened, closed, and opened again. */
class ListeningPortSpec :
    StringSpec({
        "a port that was closed can be opened again, at the same address (Twisted's startListening)" {
            withReactor { reactor ->
                val factory = Noting()
                val port = reactor.onLoop { reactor.listenTcp(0, factory, "127.0.0.1") }
                val number = port.port()
                val fixed = reactor.onLoop { reactor.listenTcp(freePort(), factory, "127.0.0.1") }
                for (round in 1..3) {
                    reactor.resultOnLoop { fixed.stopListening() }
                    reactor.onLoop { fixed.isListening } shouldBe false
                    reactor.onLoop { fixed.startListening() }
                    fixed.connect().use { it.getInputStream().read() shouldBe -1 }
                }
                reactor.resultOnLoop { port.stopListening() }
                reactor.onLoop { port.port() } shouldBe number
                factory.events shouldContainExactly listOf("start")
                reactor.resultOnLoop { fixed.stopListening() }
                factory.events shouldContainExactly listOf("start", "stop")
            }
        }

        "it can be opened in a callback of stopListening, but not before it is free" {
            withReactor { reactor ->
                val factory = Noting()
                val port = reactor.listen { Scripted(made = { transport.loseConnection() }) }
                val tooEarly = CompletableFuture<Throwable?>()
                reactor.resultOnLoop {
                    val stopped = port.stopListening()
                    tooEarly.complete(runCatching { port.startListening() }.exceptionOrNull())
                    stopped.addCallback { port.startListening() }
                }
                tooEarly.getOrFail()!!.message!! shouldContain "not free yet"
                shouldThrow<IllegalStateException> { reactor.onLoop { port.startListening() } }.message!! shouldContain "listening already"
                port.connect().use { it.getInputStream().read() shouldBe -1 }
                factory.events shouldContainExactly emptyList()
            }
        }

        "one that a connection's callback has stopped is free when the Deferred fires" {
            withReactor { reactor ->
                val again = CompletableFuture<Any>()
                lateinit var port: ListeningPort
                port =
                    reactor.listen {
                        Scripted(made = {
                            port.stopListening()
                                .addCallback { again.complete(reactor.listenTcp(port.port(), Noting(), "127.0.0.1").isListening) }
                                .addErrback { again.complete(it.value) }
                        })
                    }
                port.connect().use { again.getOrFail() shouldBe true }
            }
        }

        "one that cannot be opened again stays closed, with its factory stopped, and may be tried later" {
            withReactor { reactor ->
                val factory = Noting()
                val port = reactor.onLoop { reactor.listenTcp(freePort(), factory, "127.0.0.1") }
                reactor.resultOnLoop { port.stopListening() }
                val other = reactor.onLoop { reactor.listenTcp(port.port(), Noting(), "127.0.0.1") }
                shouldThrow<CannotListenException> { reactor.onLoop { port.startListening() } }
                factory.events shouldContainExactly listOf("start", "stop")
                reactor.resultOnLoop { other.stopListening() }
                reactor.onLoop { port.startListening() }
                reactor.onLoop { port.isListening } shouldBe true
            }
        }

        "stopListening fails with what stopFactory has thrown (test_exceptInStop), and the port can be opened again" {
            val broken = IllegalStateException("an error")
            val reported = CopyOnWriteArrayList<Throwable>()
            withReactor(ReactorOptions(errorListener = { _, error -> reported.add(error) })) { reactor ->
                val factory = Noting(stopping = { throw broken })
                val port = reactor.onLoop { reactor.listenTcp(freePort(), factory, "127.0.0.1") }
                shouldThrow<IllegalStateException> { reactor.resultOnLoop { port.stopListening() } } shouldBeSameInstanceAs broken
                reactor.resultOnLoop { port.stopListening() } // there is nothing to stop any more
                reactor.onLoop { port.startListening() }
                port.connect().use { it.getInputStream().read() shouldBe -1 }
                reported shouldContainExactly emptyList()
            }
            reported.single() shouldBeSameInstanceAs broken // by the end of the reactor, which tells nobody else
        }

        "startFactory that throws leaves no port" {
            withReactor { reactor ->
                val number = freePort()
                val factory = Noting(starting = { error("no database") })
                shouldThrow<IllegalStateException> { reactor.onLoop { reactor.listenTcp(number, factory, "127.0.0.1") } }
                factory.numPorts shouldBe 0
                reactor.onLoop { reactor.listenTcp(number, Noting(), "127.0.0.1") }
            }
        }

        "startFactory may close the port that is opened again" {
            withReactor { reactor ->
                lateinit var port: dev.torsion.net.ListeningPort
                var rounds = 0
                val factory = Noting(starting = { if (rounds++ > 0) port.stopListening() })
                port = reactor.onLoop { reactor.listenTcp(freePort(), factory, "127.0.0.1") }
                reactor.resultOnLoop { port.stopListening() }
                reactor.onLoop { port.startListening() }
                reactor.onLoop { port.isListening } shouldBe false
                factory.events shouldContainExactly listOf("start", "stop", "start", "stop")
                factory.numPorts shouldBe 0
                reactor.onLoop { reactor.listenTcp(port.port(), Noting(), "127.0.0.1") }
            }
        }

        "a port that fails after startFactory stops its factory" {
            val reactor = ClosableReactor()
            val factory = Noting(starting = { reactor.closeSelector() })
            shouldThrow<ClosedSelectorException> { reactor.listenTcp(0, factory, "127.0.0.1") }
            factory.events shouldContainExactly listOf("start", "stop")
            factory.numPorts shouldBe 0
        }

        "a protocol that closes the port in buildProtocol is connected all the same (test_closePortInProtocolFactory)" {
            withReactor { reactor ->
                lateinit var port: dev.torsion.net.ListeningPort
                val factory =
                    object : TorsionFactory() {
                        override fun buildProtocol(address: dev.torsion.net.Address): Protocol {
                            port.stopListening()
                            return Scripted(made = { transport.write("hello".toByteArray()) }, received = { transport.loseConnection() })
                        }
                    }
                port = reactor.onLoop { reactor.listenTcp(0, factory, "127.0.0.1") }
                port.connect().use {
                    String(it.getInputStream().readNBytes(5)) shouldBe "hello"
                    it.getOutputStream().write(1)
                    it.getInputStream().read() shouldBe -1
                }
            }
        }
    })
