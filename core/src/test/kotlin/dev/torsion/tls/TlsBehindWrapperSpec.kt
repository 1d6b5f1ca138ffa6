// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.endpoint.ProtocolWrapper
import dev.torsion.endpoint.WrappingFactory
import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

private class Outer(factory: Factory) : WrappingFactory(factory) {
    override fun wrapProtocol(protocol: Protocol): Protocol = object : ProtocolWrapper(protocol) {}
}

private class Opened(private val made: CompletableFuture<Protocol>) : Protocol() {
    override fun connectionMade() {
        made.complete(this)
    }
}

/**
 * Bytes that are written inside are written once more, to the connection below: it goes out in the same turn, since there may be no other.
 */
class TlsBehindWrapperSpec :
    StringSpec({
        for (layers in 1..3) {
            "what is written to a connection with nothing else to do arrives at once, behind $layers wrappers" {
                val identity = Tls.selfSigned("localhost")
                val tls = Tls.server(identity)
                val trusting = Tls.client().withTrust(TlsTrust.of(identity))
                withReactor { reactor ->
                    withReactor { far ->
                        val made = CompletableFuture<Protocol>()
                        val pieces = LinkedBlockingQueue<String>()
                        val port = CompletableFuture<Int>()
                        reactor.callFromThread {
                            val inner = Factory { Opened(made) }.apply { isNoisy = false }
                            val factory = (1..layers).fold<Int, Factory>(inner) { inside, _ -> Outer(tls.wrap(inside)) }
                            port.complete(reactor.listenTcp(0, factory, "127.0.0.1").port())
                        }
                        val client =
                            object : Protocol() {
                                override fun dataReceived(data: ByteArray) {
                                    pieces.add(String(data))
                                }
                            }
                        val at = port.get(SECONDS, TimeUnit.SECONDS)
                        far.callFromThread {
                            val inner = ClientFactory { client }.apply { isNoisy = false }
                            far.connectTcp("127.0.0.1", at, (1..layers).fold(inner) { inside, _ -> trusting.wrap(inside, "localhost") })
                        }
                        val server = made.get(SECONDS, TimeUnit.SECONDS)
                        repeat(5) {
                            reactor.callFromThread { server.transport.write("piece $it".toByteArray()) }
                            pieces.poll(SECONDS, TimeUnit.SECONDS) shouldBe "piece $it"
                        }
                    }
                }
            }
        }
    })
