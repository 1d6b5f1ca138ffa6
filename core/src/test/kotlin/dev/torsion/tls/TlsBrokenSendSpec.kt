// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.Factory
import dev.torsion.net.IPv4Address
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.withReactor
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import dev.torsion.stream.StreamLoop
import dev.torsion.stream.StreamTransport
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** A channel that cannot send, which it finds out when it tries. */
private class Deaf(private val error: IOException) : StreamChannel {
    override val localAddress: Address = IPv4Address("10.0.0.1", 1)
    override val remoteAddress: Address = IPv4Address("10.0.0.2", 443)

    override fun start(handler: StreamHandler) = Unit

    override fun handOver(handler: StreamHandler) = Unit

    override fun reading(on: Boolean) = Unit

    override fun send(data: ByteBuffer): Int = throw error

    override fun notifyWhenWritable(on: Boolean) = Unit

    override fun endOutput() = Unit

    override fun finish() = true

    override fun close() = Unit

    override fun abort() = Unit
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
    })
