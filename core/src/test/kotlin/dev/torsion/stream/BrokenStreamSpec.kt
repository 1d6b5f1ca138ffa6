// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.NoRouteToHostException
import java.net.SocketTimeoutException

/** A channel that breaks when the test says so. */
private class Breaking(private val finishing: () -> Boolean = { true }) : TestChannel() {
    override fun finish() = finishing()
}

class BrokenStreamSpec :
    StringSpec({
        fun reasonOf(error: Throwable): CloseReason {
            var reason: CloseReason? = null
            val protocol =
                object : Protocol() {
                    override fun connectionLost(reason: CloseReason) = Unit
                }
            withReactor { reactor ->
                reactor.onLoop {
                    val channel = Breaking()
                    StreamTransport.over(reactor.capability(StreamLoop::class.java)!!, channel, StreamOptions.DEFAULT) {
                        reason = it
                    }.start(protocol)
                    channel.handler.broken(error)
                }
            }
            return reason!!
        }

        listOf(
            IOException("Connection timed out"),
            IOException("Network is unreachable"),
            IOException("No route to host"),
            IOException("Host is unreachable"),
            IOException("Network dropped connection on reset"),
            NoRouteToHostException("nothing there"),
            SocketTimeoutException(),
        ).forEach { error ->
            "the network has ended a connection with $error" {
                val reason = reasonOf(error).shouldBeInstanceOf<ConnectionLost>()
                reason.by shouldBe ClosedBy.NETWORK
                reason.cause shouldBe error
                reason.message shouldContain "The connection to 10.0.0.2:443 was lost: "
            }
        }

        listOf(
            IOException("Connection reset by peer"),
            IOException("Broken pipe"),
            IOException(),
            IOException("of another kind"),
        ).forEach { error ->
            "the peer has ended a connection with $error" { reasonOf(error).by shouldBe ClosedBy.PEER }
        }

        "a channel that fails to end in order is closed, and its connection is over" {
            val channel = Breaking { throw OutOfMemoryError("of the test") }
            var reason: CloseReason? = null
            withReactor { reactor ->
                reactor.onLoop {
                    val protocol = object : Protocol() {
                        override fun connectionMade() = transport.loseConnection()
                    }
                    StreamTransport.over(reactor.capability(StreamLoop::class.java)!!, channel, StreamOptions.DEFAULT) { reason = it }
                        .start(protocol)
                }
                reactor.onLoop { }
            }
            channel.closed shouldBe 1
            reason.shouldBeInstanceOf<ConnectionDone>()
        }
    })
