// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.endpoint.FactoryWrapper
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.policies.LimitConnectionsByPeer
import dev.torsion.policies.LimitTotalConnectionsFactory
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsServerOptions
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.startTls
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

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
    })
