// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.hooks

import dev.torsion.net.CannotConnectException
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.Transport
import dev.torsion.testkit.hooks.Play.Companion.PORT
import kotlinx.coroutines.launch
import java.nio.ByteBuffer

/** The hooks of protocols, their factories, and producers. */
internal val CONNECTION_HOOKS =
    listOf(
        Hook("connectionMade") {
            connected(
                Probes(play) {
                    object : Probe(play) {
                        override fun connectionMade() {
                            super.connectionMade()
                            fail()
                        }
                    }
                },
            )
        },
        Hook("dataReceived(ByteArray)") {
            val client =
                connected(
                    Probes(play) {
                        object : Probe(play) {
                            override fun dataReceived(data: ByteArray) = fail()
                        }
                    },
                )
            client.transport.write(ByteArray(1000))
        },
        Hook("dataReceived(ByteBuffer)") {
            val client =
                connected(
                    Probes(play) {
                        object : Probe(play) {
                            override fun dataReceived(view: ByteBuffer) = fail()
                        }
                    },
                )
            client.transport.write(ByteArray(1000))
        },
        Hook("connectionLost, closed by the peer") {
            val client = connected(Probes(play) { LosesItsHead(play) })
            client.transport.loseConnection()
        },
        Hook("connectionLost, closed by us") {
            val lost = LosesItsHead(play)
            connected(Probes(play) { lost })
            lost.transport.loseConnection()
        },
        Hook("connectionLost, at an abort") {
            val lost = LosesItsHead(play)
            connected(Probes(play) { lost })
            lost.transport.abortConnection()
        },
        Hook("readConnectionLost") {
            val client =
                connected(
                    Probes(play) {
                        object : Probe(play), HalfCloseableProtocol {
                            override fun readConnectionLost() = fail()

                            override fun writeConnectionLost() {}
                        }
                    },
                )
            (client.transport as HalfCloseableTransport).loseWriteConnection()
        },
        Hook("writeConnectionLost") {
            val half =
                object : Probe(play), HalfCloseableProtocol {
                    override fun readConnectionLost() {}

                    override fun writeConnectionLost() = fail()
                }
            connected(Probes(play) { half })
            (half.transport as HalfCloseableTransport).loseWriteConnection()
        },
        Hook("makeConnection") {
            connected(
                Probes(play) {
                    object : Probe(play) {
                        override fun makeConnection(transport: Transport) = fail()

                        override fun connectionLost(reason: CloseReason) {} // it was never made
                    }
                },
            )
        },
        Hook("a coroutine of the connection", isCoroutine = true) {
            connected(
                Probes(play) {
                    object : Probe(play) {
                        override fun connectionMade() {
                            super.connectionMade()
                            transport.scope.launch { failInCoroutine(transport) }
                        }
                    }
                },
            )
        },
        Hook("connectionMade of a client") {
            reactor.listenTcp(PORT, Probes(play))
            reactor.connectTcp(
                "127.0.0.1",
                PORT,
                Probes(play) {
                    object : Probe(play) {
                        override fun connectionMade() {
                            super.connectionMade()
                            fail()
                        }
                    }
                },
            )
        },
        // Factories.
        Hook("buildProtocol") {
            connected(Probes(play) { fail() })
        },
        Hook("startFactory") {
            attempt {
                reactor.listenTcp(
                    PORT,
                    object : Probes(play) {
                        override fun startFactory() = fail()
                    },
                )
            }
            reactor.listenTcp(PORT, Probes(play)).stopListening() // it is free
        },
        Hook("stopFactory") {
            val port =
                reactor.listenTcp(
                    PORT,
                    object : Probes(play) {
                        override fun stopFactory() = fail()
                    },
                )
            mustFire("stopListening", port.stopListening())
        },
        Hook("stopFactory, at the end of the reactor") {
            reactor.listenTcp(
                PORT,
                object : Probes(play) {
                    override fun stopFactory() = fail()
                },
            )
            reactor.flush()
            reactor.ports.last().stopListening()
        },
        Hook("buildProtocol of a client") {
            reactor.listenTcp(PORT, Probes(play))
            val factory = Listening(play) { fail() }
            reactor.connectTcp("127.0.0.1", PORT, factory)
            reactor.flush()
            factory.mustHaveHeard("failed")
        },
        Hook("startFactory of a client") {
            attempt {
                reactor.connectTcp(
                    "127.0.0.1",
                    PORT,
                    object : Probes(play) {
                        override fun startFactory() = fail()
                    },
                )
            }
        },
        Hook("stopFactory of a client") {
            val client = Probe(play)
            reactor.listenTcp(PORT, Probes(play))
            reactor.connectTcp(
                "127.0.0.1",
                PORT,
                object : Probes(play, { client }) {
                    override fun stopFactory() = fail()
                },
            )
            reactor.flush()
            client.transport.loseConnection()
        },
        Hook("startedConnecting") {
            reactor.listenTcp(PORT, Probes(play))
            val client = Probe(play)
            reactor.connectTcp(
                "127.0.0.1",
                PORT,
                object : Probes(play, { client }) {
                    override fun startedConnecting(connector: Connector) = fail()
                },
            )
            reactor.flush()
            client.transport.loseConnection()
        },
        Hook("clientConnectionMade") {
            reactor.listenTcp(PORT, Probes(play))
            val client = Probe(play)
            reactor.connectTcp(
                "127.0.0.1",
                PORT,
                object : Probes(play, { client }) {
                    override fun clientConnectionMade(connector: Connector, protocol: Protocol) = fail()
                },
            )
            reactor.flush()
            client.transport.loseConnection()
        },
        Hook("clientConnectionFailed") {
            reactor.connectTcp(
                "127.0.0.1",
                PORT,
                object : Probes(play) {
                    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) = fail()
                },
            )
        },
        Hook("clientConnectionLost") {
            reactor.listenTcp(PORT, Probes(play))
            val client = Probe(play)
            reactor.connectTcp(
                "127.0.0.1",
                PORT,
                object : Probes(play, { client }) {
                    override fun clientConnectionLost(connector: Connector, reason: CloseReason) = fail()
                },
            )
            reactor.flush()
            client.transport.loseConnection()
        },
        // Producers.
        Hook("resumeProducing of a pull producer") { producing(streaming = false) { Produces(resume = { fail() }) } },
        Hook("resumeProducing of a push producer") {
            producing(streaming = true) { transport -> Produces(resume = { fail() }, begin = { transport.write(ByteArray(MUCH)) }) }
        },
        Hook("pauseProducing") {
            producing(streaming = true) { transport -> Produces(pause = { fail() }, begin = { transport.write(ByteArray(MUCH)) }) }
        },
        Hook("stopProducing") {
            producing(streaming = true) { transport -> Produces(stop = { fail() }, begin = { transport.abortConnection() }) }
        },
        Hook("stopProducing of one that comes too late") {
            val client = connected(Probes(play))
            client.transport.abortConnection()
            reactor.flush()
            attempt { client.transport.registerProducer(Produces(stop = { fail() }), true) }
        },
    )

private const val MUCH = 2_000_000

/** A server that registers a producer, and has somebody wait for room. */
private fun Play.producing(streaming: Boolean, make: (Transport) -> Produces) {
    connected(
        Probes(play) {
            object : Probe(play) {
                override fun connectionMade() {
                    super.connectionMade()
                    val producer = make(transport)
                    transport.registerProducer(producer, streaming)
                    producer.begin()
                    mustFire("whenWritable", transport.whenWritable())
                }
            }
        },
    )
}

private class Produces(
    private val resume: () -> Unit = {},
    private val pause: () -> Unit = {},
    private val stop: () -> Unit = {},
    val begin: () -> Unit = {},
) : Producer {
    override fun resumeProducing() = resume()

    override fun pauseProducing() = pause()

    override fun stopProducing() = stop()

    override fun toString(): String = throw IllegalStateException("no text")
}
