// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.await
import dev.torsion.endpoint.ProtocolWrapper
import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runTest
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThanOrEqual
import kotlinx.coroutines.delay
import kotlin.time.Duration.Companion.seconds

private const val COUNT = 20_000
private const val LARGE = 128 * 1024
private val LINE = "x".repeat(98)

/** A connection whose user keeps up gets large reads, in every voice: a byte of a large read costs less. */
class ReadSizesSpec :
    StringSpec({
        fun served(handler: suspend (MessageConnection<String>) -> Unit): (Reactor) -> Factory = { reactor ->
            ConnectionFactory(reactor, LineCodec(), ConnectionOptions.DEFAULT, isServed = true) { c -> c.runHandler(handler) }
        }

        fun called(handler: (MessageConnection<String>) -> Unit): (Reactor) -> Factory =
            { reactor -> ConnectionFactory(reactor, LineCodec(), ConnectionOptions(requestLimit = COUNT), handler) }

        val voices =
            mapOf(
                "a callback" to called { c -> c.onMessage { } },
                "a callback that answers" to called { c -> c.onMessage { c.write(it) } },
                "requests that were sent ahead" to called { c -> repeat(COUNT) { c.request("question").addBoth { } } },
                "one request after the other" to served { c -> repeat(COUNT) { c.request("question").await() } },
                "a coroutine that receives" to served { c -> while (true) c.receiveOrNull() ?: break },
                "a coroutine that answers" to served { c -> for (line in c.incoming) c.send(line) },
                "a coroutine that collects" to served { c -> c.incoming.collect { } },
            )
        for ((who, make) in voices) {
            "$who: reads become large" {
                var largest = 0
                MemoryReactor().use { reactor ->
                    reactor.network.window = 1 shl 20
                    reactor.runTest {
                        val inner = make(reactor)
                        val counting =
                            object : Factory() {
                                override fun buildProtocol(address: Address): Protocol =
                                    object : ProtocolWrapper(inner.buildProtocol(address)!!) {
                                        override fun receiveLimit() = super.receiveLimit().also { largest = maxOf(largest, it) }
                                    }
                            }
                        val port = reactor.listenTcp(0, counting)
                        val flood =
                            object : Protocol() {
                                override fun connectionMade() = transport.write("$LINE\r\n".repeat(COUNT).toByteArray())
                            }
                        reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { flood })
                        delay(30.seconds)
                        largest shouldBeGreaterThanOrEqual LARGE
                        flood.transport.abortConnection()
                    }
                }
            }
        }
    })
