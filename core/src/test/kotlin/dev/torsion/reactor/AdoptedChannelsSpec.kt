// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.net.Address
import dev.torsion.net.CannotListenException
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import dev.torsion.net.UnixAddress
import dev.torsion.net.UnixTransport
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.Socket
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.DatagramChannel
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.util.concurrent.CompletableFuture

private class Echoing : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.write(data)
}

private class Speaking : Protocol() {
    val answer = CompletableFuture<Int>()

    override fun dataReceived(data: ByteArray) {
        answer.complete(data[0].toInt())
    }
}

private fun loopback() = InetSocketAddress(InetAddress.getLoopbackAddress(), 0)

class AdoptedChannelsSpec :
    StringSpec({
        "a bound channel becomes a port, which is closed for good when it stops" {
            withReactor { reactor ->
                val channel = ServerSocketChannel.open().bind(loopback())
                val port = reactor.onLoop { reactor.adoptStreamPort(channel, Factory { Echoing() }) }
                (port.host() as InternetAddress).port shouldBe (channel.localAddress as InetSocketAddress).port
                Socket(InetAddress.getLoopbackAddress(), port.port()).use {
                    it.getOutputStream().write(7)
                    it.getInputStream().read() shouldBe 7
                }
                reactor.resultOnLoop { port.stopListening() }
                channel.isOpen shouldBe false
                shouldThrow<CannotListenException> { reactor.onLoop { port.startListening() } }
            }
        }

        "a connected channel becomes a connection, of TCP or of a UNIX socket" {
            withReactor { reactor ->
                val path = Files.createTempDirectory("torsion").resolve("x")
                val address = UnixDomainSocketAddress.of(path)
                ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(address).use { server ->
                    val client = SocketChannel.open(address)
                    val built = CompletableFuture<Address>()
                    val protocol = Echoing()
                    val factory =
                        object : Factory() {
                            override fun buildProtocol(address: Address) = protocol.also { built.complete(address) }
                        }
                    reactor.onLoop { reactor.adoptStreamConnection(client, factory) }
                    built.getOrFail() shouldBe UnixAddress(path)
                    reactor.onLoop { protocol.transport }.shouldBeInstanceOf<UnixTransport>()
                    server.accept().use {
                        it.write(ByteBuffer.wrap(byteArrayOf(7)))
                        val answer = ByteBuffer.allocate(1)
                        it.read(answer)
                        answer[0] shouldBe 7
                    }
                }
                Files.delete(path)
                Files.delete(path.parent)
            }
        }

        "a channel that is of no use is refused, and stays its owner's" {
            withReactor { reactor ->
                val unbound = ServerSocketChannel.open()
                shouldThrow<IllegalArgumentException> { reactor.onLoop { reactor.adoptStreamPort(unbound, Factory { Echoing() }) } }
                unbound.isOpen shouldBe true
                unbound.close()
                val unconnected = SocketChannel.open()
                shouldThrow<IllegalArgumentException> {
                    reactor.onLoop { reactor.adoptStreamConnection(unconnected, Factory { Echoing() }) }
                }
                unconnected.isOpen shouldBe true
                unconnected.close()
                val taken = ServerSocketChannel.open().bind(loopback())
                taken.close()
                runCatching { reactor.onLoop { reactor.adoptStreamPort(taken, Factory { Echoing() }) } }.isFailure shouldBe true
            }
        }

        "a channel that is adopted already is refused, and serves on" {
            withReactor { reactor ->
                val channel = ServerSocketChannel.open().bind(loopback())
                val port = reactor.onLoop { reactor.adoptStreamPort(channel, Factory { Echoing() }) }
                shouldThrow<CannotListenException> { reactor.onLoop { reactor.adoptStreamPort(channel, Factory { Echoing() }) } }
                val client = SocketChannel.open(channel.localAddress)
                val spoken = Speaking()
                reactor.onLoop { reactor.adoptStreamConnection(client, Factory { spoken }) }
                shouldThrow<IllegalArgumentException> { reactor.onLoop { reactor.adoptStreamConnection(client, Factory { Echoing() }) } }
                reactor.onLoop { spoken.transport.write(byteArrayOf(7)) }
                spoken.answer.getOrFail() shouldBe 7
                reactor.resultOnLoop { port.stopListening() }
            }
        }

        "a datagram socket that is adopted already is refused, and goes on" {
            withReactor { reactor ->
                val socket = DatagramChannel.open().bind(loopback())
                val answer = CompletableFuture<Int>()
                val first =
                    object : DatagramProtocol() {
                        override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
                            answer.complete(data.size)
                        }
                    }
                reactor.onLoop { reactor.adoptDatagramPort(socket, first) }
                shouldThrow<CannotListenException> { reactor.onLoop { reactor.adoptDatagramPort(socket, object : DatagramProtocol() {}) } }
                DatagramChannel.open().use { it.send(ByteBuffer.allocate(3), socket.localAddress) }
                answer.getOrFail() shouldBe 3
            }
        }

        "a factory that cannot start closes the adopted channel" {
            withReactor { reactor ->
                val channel = ServerSocketChannel.open().bind(loopback())
                val broken =
                    object : Factory({ Echoing() }) {
                        override fun startFactory() = error("not today")
                    }
                shouldThrow<IllegalStateException> { reactor.onLoop { reactor.adoptStreamPort(channel, broken) } }
                channel.isOpen shouldBe false
            }
        }

        "the end of the reactor closes what it has adopted" {
            val channel = ServerSocketChannel.open().bind(loopback())
            withReactor { reactor -> reactor.onLoop { reactor.adoptStreamPort(channel, Factory { Echoing() }) } }
            channel.isOpen shouldBe false
        }
    })
