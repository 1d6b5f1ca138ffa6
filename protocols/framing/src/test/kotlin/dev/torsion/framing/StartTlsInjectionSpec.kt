// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.FactoryWrapper
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.policies.LimitConnectionsByPeer
import dev.torsion.policies.LimitTotalConnectionsFactory
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.failureResultOf
import dev.torsion.testkit.successResultOf
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsException
import dev.torsion.tls.TlsServerOptions
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.startTls
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.launch

/** A server that takes STARTTLS, and what it has heard. */
private class Starting(private val tls: TlsServerOptions) : LineReceiver() {
    val lines = ArrayList<String>()
    var reason: CloseReason? = null

    override fun lineReceived(line: ByteArray) {
        val text = line.decodeToString()
        lines.add(text)
        if (text != "STARTTLS") return
        sendLine("READY")
        transport.startTls(tls).addCallbacks({}, {})
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

/** Commands in the clear behind STARTTLS, put there by somebody between, are never taken for encrypted ones (CVE-2011-0411). */
class StartTlsInjectionSpec :
    StringSpec({
        val identity = Tls.selfSigned("localhost")
        val outers =
            mapOf(
                "nothing" to FactoryWrapper { it },
                "LimitTotalConnectionsFactory" to FactoryWrapper { LimitTotalConnectionsFactory(it, 10) },
                "LimitConnectionsByPeer" to FactoryWrapper { LimitConnectionsByPeer(it, 10) },
                "both" to FactoryWrapper { LimitTotalConnectionsFactory(LimitConnectionsByPeer(it, 10), 10) },
            )
        for ((name, outer) in outers) {
            "behind $name" {
                MemoryReactor().use { reactor ->
                    val server = Starting(Tls.server(identity))
                    val port = reactor.listenTcp(0, outer.wrap(Factory { server }.apply { isNoisy = false }))
                    val client =
                        object : Protocol() {
                            override fun connectionMade() = transport.write("STARTTLS\r\nDELETE ALL\r\n".toByteArray())
                        }
                    reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { client }.apply { isNoisy = false })
                    reactor.flush()
                    server.lines shouldContainExactly listOf("STARTTLS")
                    server.reason!!.cause.shouldBeInstanceOf<PlainBytesException>().count shouldBe "DELETE ALL\r\n".length
                }
            }

            "an honest client gets its TLS behind $name" {
                MemoryReactor().use { reactor ->
                    val server = Starting(Tls.server(identity))
                    val port = reactor.listenTcp(0, outer.wrap(Factory { server }.apply { isNoisy = false }))
                    val client =
                        object : LineReceiver() {
                            override fun connectionMade() = sendLine("STARTTLS")

                            override fun lineReceived(line: ByteArray) {
                                transport.startTls(Tls.client().withTrust(TlsTrust.of(identity)), "localhost")
                                sendLine("inside")
                            }
                        }
                    reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { client }.apply { isNoisy = false })
                    reactor.flush()
                    server.lines shouldContainExactly listOf("STARTTLS", "inside")
                }
            }
        }

        // Messages that have come in the clear and wait somewhere else than in the reader.

        /** A client to whom [lines] come in the clear; [receives] notes what it gets from then on, also when TLS has been asked for. */
        fun injected(vararg lines: String, receives: (MessageConnection<String>, MutableList<String>) -> Runnable) {
            MemoryReactor().use { reactor ->
                val between =
                    object : Protocol() {
                        override fun connectionMade() = transport.write(lines.joinToString("") { "$it\r\n" }.toByteArray())
                    }
                val port = reactor.listenTcp(0, Factory { between }.apply { isNoisy = false })
                val client = successResultOf(reactor.openConnection("tcp:127.0.0.1:${port.port()}", LineCodec()).also { reactor.flush() })
                val got = ArrayList<String>()
                val later = receives(client, got)
                reactor.flush()
                val before = got.toList()
                val session = client.transport.startTls(Tls.client().withTrust(TlsTrust.of(identity)), "localhost")
                later.run()
                reactor.flush()
                got shouldContainExactly before
                failureResultOf<TlsException>(session)
                client.closeReason!!.cause.shouldBeInstanceOf<PlainBytesException>()
            }
        }

        val keyOf = MessageKey<String, Int> { line -> if (line.startsWith("*")) null else line.toInt() }

        "pushes without a handler are not handled when it comes after STARTTLS" {
            injected("*1", "*2") { client, got ->
                val requests = client.requestsBy(keyOf = keyOf)
                Runnable { requests.onPush { got.add(it) } }
            }
        }

        "pushes that wait for the handler of the one before are not handled after STARTTLS" {
            injected("*1", "*2") { client, got ->
                val work = Deferred<Unit>()
                client.requestsBy(keyOf = keyOf).onPush {
                    got.add(it)
                    work
                }
                Runnable { work.callback(Unit) }
            }
        }

        "messages that no coroutine has received are not received after STARTTLS" {
            injected("1", "2") { client, got ->
                Runnable {
                    client.transport.scope.launch(start = CoroutineStart.UNDISPATCHED) {
                        shouldThrow<ConnectionAborted> { while (true) got.add(client.receive()) }
                    }
                }
            }
        }

        "messages that wait for a callback are not handled after STARTTLS" {
            injected("1", "2") { client, got ->
                val work = Deferred<Unit>()
                client.onMessage {
                    got.add(it)
                    work
                }
                Runnable { work.callback(Unit) }
            }
        }
    })
