// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.IPv4Address
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.NoRouteToHostException
import java.net.SocketTimeoutException
import java.nio.ByteBuffer

/** A channel that breaks when the test says so. */
private class Breaking(private val finishing: () -> Boolean = { true }) : StreamChannel {
    lateinit var handler: StreamHandler
    var closed = 0
    override val localAddress: Address = IPv4Address("10.0.0.1", 1)
    override val remoteAddress: Address = IPv4Address("10.0.0.2", 2)

    override fun start(handler: StreamHandler) {
        this.handler = handler
    }

    override fun handOver(handler: StreamHandler) = start(handler)

    override fun reading(on: Boolean) = Unit

    override fun send(data: ByteBuffer) = 0

    override fun notifyWhenWritable(on: Boolean) = Unit

    override fun endOutput() = Unit

    override fun finish() = finishing()

    override fun close() {
        closed++
    }

    override fun abort() = Unit
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
                reason.message shouldContain "The connection to 10.0.0.2:2 was lost: "
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
