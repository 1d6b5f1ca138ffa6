// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.endpoint

import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.FactoryWrapper
import dev.torsion.endpoint.HostnameEndpoint
import dev.torsion.endpoint.ProtocolWrapper
import dev.torsion.endpoint.WrappingFactory
import dev.torsion.endpoint.connectProtocol
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.ConnectionDone
import dev.torsion.net.Factory
import dev.torsion.net.NoProtocolException
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.assertNoResult
import dev.torsion.testkit.failureResultOf
import dev.torsion.testkit.successResultOf
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.nio.ByteBuffer

private const val PORT = 8007

/** Notes what passes, by its [name]. */
private class Tapping(private val name: String, private val notes: MutableList<String>) : FactoryWrapper {
    override fun wrap(factory: Factory) = object : WrappingFactory(factory) {
        override fun wrapProtocol(protocol: Protocol) = object : ProtocolWrapper(protocol) {
            override fun connectionMade() {
                notes.add("$name made")
                super.connectionMade()
            }

            override fun dataReceived(view: ByteBuffer) {
                notes.add("$name ${view.remaining()}")
                super.dataReceived(view)
            }

            override fun connectionLost(reason: CloseReason) {
                notes.add("$name lost")
                super.connectionLost(reason)
            }
        }
    }
}

/** Lets the protocol inside have the connection when the peer has sent a greeting. */
private object Greeted : FactoryWrapper {
    override fun wrap(factory: Factory) = object : WrappingFactory(factory) {
        override fun wrapProtocol(protocol: Protocol) = object : ProtocolWrapper(protocol) {
            private var isGreeted = false

            override fun connectionMade() = Unit

            override fun dataReceived(view: ByteBuffer) {
                if (isGreeted) return super.dataReceived(view)
                isGreeted = true
                connectWrapped()
            }
        }
    }
}

private class Inside(private val notes: MutableList<String> = ArrayList()) : Protocol() {
    var lost: CloseReason? = null

    override fun connectionMade() {
        notes.add("inside made")
    }

    override fun dataReceived(data: ByteArray) {
        notes.add("inside ${String(data)}")
    }

    override fun connectionLost(reason: CloseReason) {
        notes.add("inside lost")
        lost = reason
    }
}

class WrappedEndpointSpec :
    StringSpec({
        /** A server of [factory] and an endpoint that connects to it. */
        fun scene(factory: Factory, test: (MemoryReactor, ClientEndpoint) -> Unit) = MemoryReactor().use { reactor ->
            successResultOf(serverFromString(reactor, "tcp:$PORT").listen(factory))
            test(reactor, HostnameEndpoint(reactor, "127.0.0.1", PORT))
        }

        "two wrappers on each side: the first is nearest to the connection, and each hears all" {
            MemoryReactor().use { reactor ->
                val onServer = ArrayList<String>()
                val onClient = ArrayList<String>()
                val server = Inside(onServer)
                var started = 0
                val factory =
                    object : Factory({ server }) {
                        override fun startFactory() {
                            started++
                        }

                        override fun stopFactory() {
                            started--
                        }
                    }
                val port =
                    successResultOf(
                        serverFromString(reactor, "tcp:$PORT").wrap(Tapping("a", onServer)).wrap(Tapping("b", onServer)).listen(factory),
                    )
                started shouldBe 1
                val client = Inside(onClient)
                val endpoint =
                    HostnameEndpoint(reactor, "127.0.0.1", PORT).wrap(Tapping("a", onClient)).wrap(Tapping("b", onClient))
                val connected = endpoint.connectProtocol(client)
                reactor.flush()
                successResultOf(connected) shouldBeSameInstanceAs client
                client.transport.write("hello".toByteArray())
                client.transport.loseConnection()
                reactor.flush()
                onServer shouldContainExactly
                    listOf("a made", "b made", "inside made", "a 5", "b 5", "inside hello", "a lost", "b lost", "inside lost")
                onClient shouldContainExactly listOf("a made", "b made", "inside made", "a lost", "b lost", "inside lost")
                server.lost.shouldBeInstanceOf<ConnectionDone>()
                port.stopListening()
                reactor.flush()
                started shouldBe 0
            }
        }

        "a wrapper that settles something first: the protocol is given when it has its connection" {
            val server = Inside()
            scene(Factory { server }) { reactor, endpoint ->
                val notes = ArrayList<String>()
                val client = Inside(notes)
                val connected = endpoint.wrap(Tapping("a", notes)).wrap(Greeted).connectProtocol(client)
                reactor.flush()
                assertNoResult(connected)
                server.transport.write("hello".toByteArray())
                reactor.flush()
                successResultOf(connected) shouldBeSameInstanceAs client
                server.transport.write("you".toByteArray())
                reactor.flush()
                notes shouldContainExactly listOf("a made", "a 5", "inside made", "a 3", "inside you")
                client.transport.abortConnection()
                reactor.flush()
            }
        }

        "the connection ends before: so does the attempt, with the reason, and the protocol inside hears nothing" {
            val server = Inside()
            scene(Factory { server }) { reactor, endpoint ->
                val notes = ArrayList<String>()
                val connected = endpoint.wrap(Greeted).connectProtocol(Inside(notes))
                reactor.flush()
                server.transport.loseConnection()
                reactor.flush()
                val error = failureResultOf<CannotConnectException>(connected)
                error.cause.shouldBeInstanceOf<ConnectionDone>()
                error.message shouldContain "127.0.0.1"
                notes.shouldBeEmpty()
            }
        }

        "cancelled while it waits, the connection ends" {
            val server = Inside()
            scene(Factory { server }) { reactor, endpoint ->
                val connected = endpoint.wrap(Greeted).connectProtocol(Inside())
                reactor.flush()
                connected.cancel()
                failureResultOf<ConnectingCancelledException>(connected)
                reactor.flush()
                server.isConnected shouldBe false
                reactor.network.connections shouldBe 0
            }
        }

        "cancelled before it is connected, the attempt ends" {
            scene(Factory { Inside() }) { reactor, endpoint ->
                reactor.network.silence("127.0.0.1")
                val connected = endpoint.wrap(Greeted).connectProtocol(Inside())
                reactor.flush()
                connected.cancel()
                failureResultOf<ConnectingCancelledException>(connected)
                reactor.flush()
            }
        }

        "a factory without a protocol, and a wrapper that fails, fail the attempt and the port" {
            scene(Factory { Inside() }) { reactor, endpoint ->
                val none =
                    object : Factory() {
                        override fun buildProtocol(address: Address): Protocol? = null
                    }
                val refused = endpoint.wrap(Tapping("a", ArrayList())).connect(none)
                reactor.flush()
                failureResultOf<NoProtocolException>(refused)
                val broken = FactoryWrapper { throw IllegalStateException("on purpose") }
                failureResultOf<IllegalStateException>(endpoint.wrap(broken).connect(none))
                failureResultOf<IllegalStateException>(serverFromString(reactor, "tcp:0").wrap(broken).listen(none))
            }
        }
    })
