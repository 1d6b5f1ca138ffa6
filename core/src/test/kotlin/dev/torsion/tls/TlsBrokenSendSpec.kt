// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.withReactor
import dev.torsion.stream.StreamLoop
import dev.torsion.stream.StreamTransport
import dev.torsion.stream.TestChannel
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** A channel that cannot send, which it finds out when it tries. */
private class Deaf(error: IOException) : Failing({ throw error })

private open class Failing(
    private val sending: (ByteBuffer) -> Unit = {
        it.position(it.limit())
    },
    private val finishing: () -> Boolean = { true },
) : TestChannel() {
    override fun send(data: ByteBuffer): Int = data.remaining().also { sending(data) }

    override fun finish() = finishing()

    override fun abort() = close()
}

/** A peer that has gone is found out by whoever sends first: in a handshake that is TLS. */
class TlsBrokenSendSpec :
    StringSpec({
        fun endOf(error: IOException): CloseReason = withReactor { reactor ->
            val reason = CompletableFuture<CloseReason>()
            reactor.callFromThread {
                val channel = Deaf(error)
                val factory = Tls.client().wrap(Factory { object : Protocol() {} }, "example.com")
                StreamTransport.over(reactor.capability(StreamLoop::class.java)!!, channel, StreamOptions.DEFAULT, reason::complete)
                    .start(factory.buildProtocol(channel.remoteAddress)!!)
            }
            reason.get(20, TimeUnit.SECONDS)
        }

        mapOf(
            "Broken pipe" to ClosedBy.PEER,
            "Connection reset by peer" to ClosedBy.PEER,
            "Network is unreachable" to ClosedBy.NETWORK,
        ).forEach { (message, by) ->
            "a hello that cannot be sent, since: $message" {
                val error = IOException(message)
                val reason = endOf(error)
                reason.by shouldBe by
                val cause = reason.cause.shouldBeInstanceOf<TlsHandshakeEndedException>()
                cause.by shouldBe by
                cause.cause shouldBe error
                cause.message shouldContain "ended the connection in the middle of the TLS handshake"
            }
        }

        "a channel that fails to end behind the alert is closed all the same" {
            val channel = Failing(finishing = { throw OutOfMemoryError("of the test") })
            val reason = CompletableFuture<CloseReason>()
            withReactor { reactor ->
                reactor.callFromThread {
                    val factory = Tls.server(Tls.selfSigned("localhost")).wrap(Factory { object : Protocol() {} })
                    StreamTransport.over(reactor.capability(StreamLoop::class.java)!!, channel, StreamOptions.DEFAULT, reason::complete)
                        .start(factory.buildProtocol(channel.remoteAddress)!!)
                    channel.handler.received(ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".toByteArray()))
                }
                reason.get(20, TimeUnit.SECONDS).cause.shouldBeInstanceOf<TlsException>()
            }
            channel.closed shouldBe 1
        }
    })
