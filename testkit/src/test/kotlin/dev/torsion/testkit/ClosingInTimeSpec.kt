// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration.Companion.seconds

private class ClosingServer : Protocol() {
    var reason: CloseReason? = null

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

/** The time of a closing connection, which is 30 s. */
class ClosingInTimeSpec :
    StringSpec({
        for (takes in listOf(true, false)) {
            "a standstill of the loop counts against a peer that takes ${if (takes) "bytes meanwhile: it does not" else "none: it does"}" {
                MemoryReactor().use { reactor ->
                    var count = 0
                    var standstill: (() -> Unit)? = null
                    val server = ClosingServer()
                    val client =
                        object : Protocol() {
                            override fun dataReceived(data: ByteArray) {
                                count += data.size
                                standstill?.invoke()
                                standstill = null
                            }
                        }
                    val port = reactor.listenTcp(0, Factory { server })
                    reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { client })
                    reactor.flush()
                    client.transport.pauseProducing()
                    server.transport.write(ByteArray(1_000_000))
                    server.transport.loseConnection()
                    reactor.runFor(20.seconds)
                    server.reason.shouldBeNull()
                    if (takes) {
                        standstill = { reactor.advance(20.seconds) }
                        client.transport.resumeProducing()
                        reactor.flush()
                        count shouldBe 1_000_000
                        server.reason.shouldBeInstanceOf<ConnectionDone>()
                    } else {
                        reactor.advance(20.seconds)
                        server.reason.shouldBeInstanceOf<ConnectionLost>()
                    }
                }
            }
        }
    })
