// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CannotListenException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor

internal val streams: ReactorChecks =
    reactorChecks {
        "a port that was opened before it runs accepts once it runs, and bytes come back" {
            val port = reactor.listenTcp(0, Factory { Echo() }, LOCAL)
            val client = Asking(this)
            reactor.connectTcp(LOCAL, port.port(), client.clients)
            run()
            expectEqual(port.isListening, false, "whether the port listens after the end")
            expectStory("made", "echo of ping", "lost", "factory told")
        }

        "where nobody listens the connection is refused, and only the factory hears of it" {
            run {
                val port = listenTcp(0, Factory { Echo() }, LOCAL)
                val number = port.port()
                port.stopListening().addCallback {
                    connectTcp(
                        LOCAL,
                        number,
                        object : ClientFactory({ error("a protocol was built") }) {
                            override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
                                note("refused: ${reason is ConnectionRefusedException}")
                                stop()
                            }
                        },
                    )
                }
            }
            expectStory("refused: true")
        }

        "a port that is taken cannot be opened; it is free when it was stopped" {
            run {
                val port = listenTcp(0, Factory { Echo() }, LOCAL)
                val number = port.port()
                expectThrows<CannotListenException> { listenTcp(number, Factory { Echo() }, LOCAL) }
                expectThrows<IllegalArgumentException> { listenTcp(-1, Factory { Echo() }, LOCAL) }
                port.stopListening().addCallback {
                    expectEqual(port.isListening, false, "isListening")
                    note("free")
                    listenTcp(number, Factory { Echo() }, LOCAL)
                    stop()
                }
            }
            expectStory("free")
        }

        "when it ends its ports are closed and its connections are lost, whose protocols are told" {
            var port: ListeningPort? = null
            val server = Noting(this, "server")
            val client = Noting(this, "client")
            run {
                port =
                    listenTcp(
                        0,
                        object : Factory({ server }) {
                            override fun stopFactory() = note("factory stopped")
                        },
                        LOCAL,
                    )
                connectTcp(LOCAL, port.port(), ClientFactory { client })
                server.whenMade = { if (client.isConnected) stop() }
                client.whenMade = { if (server.isConnected) stop() }
            }
            expectEqual(story.toSet(), setOf("server lost", "client lost", "factory stopped"), "what was told")
            expectEqual(port!!.isListening, false, "isListening")
        }

        "what was written before the end of its connection arrives" {
            val received = StringBuilder()
            run {
                val port =
                    listenTcp(
                        0,
                        Factory {
                            object : Protocol() {
                                override fun dataReceived(data: ByteArray) {
                                    received.append(String(data))
                                }

                                override fun connectionLost(reason: CloseReason) = stop()
                            }
                        },
                        LOCAL,
                    )
                connectTcp(
                    LOCAL,
                    port.port(),
                    ClientFactory {
                        object : Protocol() {
                            override fun connectionMade() {
                                repeat(3) { transport.write("part $it;".toByteArray()) }
                                transport.loseConnection()
                            }
                        }
                    },
                )
            }
            expectEqual(received.toString(), "part 0;part 1;part 2;", "the bytes")
        }

        "a connection that is given up before it is made is one no more" {
            run {
                val port = listenTcp(0, Factory { Echo() }, LOCAL)
                val connector =
                    connectTcp(
                        LOCAL,
                        port.port(),
                        object : ClientFactory({ error("a protocol was built") }) {
                            override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) = note("failed")
                        },
                    )
                connector.stopConnecting()
                expectEqual(connector.state, Connector.State.DISCONNECTED, "the connector")
                callFromThread { callFromThread(::stop) }
            }
            expectStory("failed")
        }

        "when it is ending it opens nothing new" {
            on(dev.torsion.reactor.Phase.DURING, dev.torsion.reactor.SystemEvent.SHUTDOWN) {
                expectThrows<ReactorNotRunningException> { reactor.listenTcp(0, Factory { Echo() }, LOCAL) }
                expectThrows<ReactorNotRunningException> { reactor.connectTcp(LOCAL, 7, ClientFactory { Echo() }) }
                note("refused")
            }
            run { stop() }
            expectStory("refused")
        }
    }

private const val LOCAL = "127.0.0.1"

private val ListeningPort.number: Int get() = port()

private class Echo : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.write(data)
}

/** Sends a ping and stops the reactor when its connection is lost. */
private class Asking(private val scene: ReactorScene) : Protocol() {
    private val reactor: Reactor get() = scene.reactor

    val clients =
        object : ClientFactory({ this@Asking }) {
            override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
                scene.note("factory told")
                reactor.stop()
            }
        }

    override fun connectionMade() {
        expect(reactor.isInReactorThread) { "the callbacks of protocols are on the loop's thread" }
        scene.note("made")
        transport.write("ping".toByteArray())
    }

    override fun dataReceived(data: ByteArray) {
        scene.note("echo of ${String(data)}")
        transport.loseConnection()
    }

    override fun connectionLost(reason: CloseReason) = scene.note("lost")
}

private class Noting(private val scene: ReactorScene, private val name: String) : Protocol() {
    var whenMade: () -> Unit = {}

    override fun connectionMade() = whenMade()

    override fun connectionLost(reason: CloseReason) = scene.note("$name lost")
}
