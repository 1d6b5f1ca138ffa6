// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import com.sun.management.ThreadMXBean
import dev.torsion.defer.Deferred
import dev.torsion.net.CannotListenException
import dev.torsion.net.DatagramOptions
import dev.torsion.net.DatagramProtocol
import dev.torsion.net.DnsLookupException
import dev.torsion.net.IPv4Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.net.WrongThreadException
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.ReactorOptions
import dev.torsion.reactor.connectUdp
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.lang.management.ManagementFactory
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.DatagramChannel
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/** UDP on real sockets, beside those of the JDK. The testkit's DatagramContract has the rules of every port. */
class UdpSpec :
    StringSpec({
        "a port of the JDK asks and is answered" {
            withReactor { reactor ->
                val port = reactor.open(Echo())
                DatagramSocket(0, LOOPBACK).use { socket ->
                    for (text in listOf("hello", "", "x".repeat(20_000))) socket.ask(text, port) shouldBe text
                }
            }
        }

        "what is written before the reactor runs is sent, and answers come once it runs" {
            withReactor { server ->
                val at = server.open(Echo())
                val answers = LinkedBlockingQueue<String>()
                val reactor = Reactor.create()
                val client =
                    object : DatagramProtocol() {
                        override fun startProtocol() {
                            transport.connect("127.0.0.1", at.port())
                            transport.write("early".encodeToByteArray())
                        }

                        override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
                            answers.add(data.decodeToString())
                            reactor.stop()
                        }
                    }
                reactor.listenUdp(0, client)
                reactor.run()
                answers.toList() shouldContainExactly listOf("early")
            }
        }

        "the end of the reactor closes its ports: stopProtocol is called, and the port is free" {
            val stopped = LinkedBlockingQueue<String>()
            val reactor = Reactor.create()
            val port = reactor.listenUdp(0, Stopping(stopped), "127.0.0.1")
            reactor.callWhenRunning { reactor.stop() }
            reactor.run()
            stopped.toList() shouldContainExactly listOf("stopped")
            port.isListening shouldBe false
            DatagramSocket(port.port(), LOOPBACK).close()
            shouldThrow<IllegalStateException> { reactor.listenUdp(0, Echo()) }
        }

        "the end of the reactor while a port is closing: stopProtocol is called once, and the Deferred fires" {
            val stopped = LinkedBlockingQueue<String>()
            val reactor = Reactor.create()
            val port = reactor.listenUdp(0, Stopping(stopped), "127.0.0.1")
            lateinit var closed: Deferred<Unit>
            reactor.callWhenRunning {
                closed = port.stopListening()
                reactor.stop()
            }
            reactor.run()
            stopped.toList() shouldContainExactly listOf("stopped")
            closed.called shouldBe true
        }

        "a crash leaves the port open, and the reactor can be run again" {
            val heard = LinkedBlockingQueue<String>()
            val reactor = Reactor.create()
            val port =
                reactor.listenUdp(
                    0,
                    object : DatagramProtocol() {
                        override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
                            heard.add(data.decodeToString())
                            reactor.stop()
                        }
                    },
                    "127.0.0.1",
                )
            reactor.callWhenRunning { reactor.crash() }
            reactor.run()
            DatagramSocket(0, LOOPBACK).use { it.say("after the crash", port) }
            reactor.run()
            heard.toList() shouldContainExactly listOf("after the crash")
        }

        "one that has never run is released with its ports" {
            val stopped = LinkedBlockingQueue<String>()
            val reactor = Reactor.create()
            val port = reactor.listenUdp(0, Stopping(stopped), "127.0.0.1")
            val other = reactor.listenUdp(0, Stopping(stopped), "127.0.0.1")
            other.stopListening().called shouldBe true // nothing runs that could be disturbed
            reactor.stopAndJoin(java.time.Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            stopped.toList() shouldContainExactly listOf("stopped", "stopped")
            DatagramSocket(port.port(), LOOPBACK).close()
        }

        "another thread is refused with a sentence that says what to do" {
            withReactor { reactor ->
                val echo = Echo()
                val port = reactor.open(echo)
                val to = IPv4Address("127.0.0.1", port.port())
                val calls =
                    listOf(
                        { reactor.listenUdp(0, Echo()) },
                        { port.stopListening() },
                        { echo.transport.write(ByteArray(1), to) },
                        { echo.transport.write(ByteBuffer.allocate(1), to) },
                        { echo.transport.connect(to) },
                        { echo.transport.multicast().joinGroup("239.1.1.1") },
                        { echo.transport.isBroadcastAllowed },
                        { echo.transport.whenWritable() },
                    )
                calls.forEach { call -> shouldThrow<WrongThreadException> { call() }.message!! shouldContain "callFromThread" }
            }
        }

        "a socket that was there before becomes a port, connected or not, and is closed with it" {
            withReactor { reactor ->
                val socket = DatagramChannel.open().bind(InetSocketAddress(LOOPBACK, 0))
                val port = reactor.onLoop { reactor.adoptDatagramPort(socket, Echo()) }
                port.port() shouldBe (socket.localAddress as InetSocketAddress).port
                DatagramSocket(0, LOOPBACK).use { it.ask("hello", port) shouldBe "hello" }
                reactor.blockingCallFromThread { port.stopListening() }
                socket.isOpen shouldBe false
                reactor.onLoop { shouldThrow<IllegalStateException> { port.startListening() }.message!! shouldContain "adopted" }

                val at = reactor.open(Echo())
                val connected = DatagramChannel.open().connect(InetSocketAddress(LOOPBACK, at.port()))
                val asking = Asking("by an adopted socket")
                reactor.onLoop { reactor.adoptDatagramPort(connected, asking) }
                asking.answer.get(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe "by an adopted socket"
                asking.peer shouldBe IPv4Address("127.0.0.1", at.port())
            }
        }

        "a socket that cannot be adopted stays the caller's" {
            withReactor { reactor ->
                val closed = DatagramChannel.open().apply { close() }
                reactor.onLoop { shouldThrow<CannotListenException> { reactor.adoptDatagramPort(closed, Echo()) } }
                DatagramChannel.open().use { socket ->
                    val busy = Echo()
                    reactor.open(busy)
                    reactor.onLoop { shouldThrow<IllegalStateException> { reactor.adoptDatagramPort(socket, busy) } }
                    socket.isOpen shouldBe true
                }
            }
        }

        "a socket that somebody else closes: the next write says so, and the port ends" {
            val errors = CopyOnWriteArrayList<Throwable>()
            withReactor(ReactorOptions(errorListener = { _, e -> errors.add(e) })) { reactor ->
                val socket = DatagramChannel.open().bind(InetSocketAddress(LOOPBACK, 0))
                val stopped = LinkedBlockingQueue<String>()
                val protocol = Stopping(stopped)
                val port = reactor.onLoop { reactor.adoptDatagramPort(socket, protocol) }
                socket.close()
                reactor.onLoop { protocol.transport.write(ByteArray(1), IPv4Address("127.0.0.1", 9)) }
                stopped.poll(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe "stopped"
                reactor.onLoop { port.isListening } shouldBe false
                errors.single().shouldBeInstanceOf<java.nio.channels.ClosedChannelException>()
            }
        }

        "connectUdp looks the name up, and the protocol finds its port connected" {
            val options = ReactorOptions(resolver = dev.torsion.name.HostResolver.fixed(mapOf("echo.test" to listOf(LOOPBACK))))
            withReactor(options) { reactor ->
                val at = reactor.open(Echo())
                val asking = Asking("by name")
                reactor.blockingCallFromThread { reactor.connectUdp("echo.test", at.port(), asking) }
                asking.answer.get(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe "by name"
                shouldThrow<DnsLookupException> { reactor.blockingCallFromThread { reactor.connectUdp("nobody.test", 9, Echo()) } }
            }
        }

        "a datagram and its answer allocate nothing of ours when the sender is known" {
            withReactor { reactor ->
                val port = reactor.open(Echo())
                DatagramSocket(0, LOOPBACK).use { socket ->
                    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
                    val loop = reactor.onLoop { Thread.currentThread() }

                    @Suppress("DEPRECATION")
                    fun allocated() = threads.getThreadAllocatedBytes(loop.id)
                    repeat(MANY) { socket.ask("warm", port) }
                    val before = allocated()
                    repeat(MANY) { socket.ask("measured", port) }
                    (allocated() - before) / MANY shouldBeLessThan MOST_BYTES_EACH
                }
            }
        }

        "the buffers of the system can be asked for" {
            withReactor { reactor ->
                val options = DatagramOptions.builder().receiveBufferSize(300_000).sendBufferSize(100_000).reuseAddress(true).build()
                reactor.onLoop { reactor.listenUdp(0, Echo(), "127.0.0.1", options) }.isListening shouldBe true
            }
        }

        "a handler that always throws is reported each time, and nobody else's datagrams are lost" {
            val errors = CopyOnWriteArrayList<Throwable>()
            withReactor(ReactorOptions(errorListener = { _, e -> errors.add(e) })) { reactor ->
                val throwing =
                    object : DatagramProtocol() {
                        override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
                            transport.write(data, sender)
                            throw StackOverflowError("always")
                        }
                    }
                val port = reactor.open(throwing)
                DatagramSocket(0, LOOPBACK).use { socket -> repeat(20) { socket.ask("$it", port) shouldBe "$it" } }
                reactor.onLoop { errors.size } shouldBe 20
                errors.filterNot { it is StackOverflowError }.shouldBeEmpty()
            }
        }
    }) {
    private companion object {
        const val MANY = 5000

        /** JDK 17 makes a few objects for each call of its DatagramChannel; JDK 25 fewer. */
        const val MOST_BYTES_EACH = 1L
    }
}

private val LOOPBACK: InetAddress = InetAddress.getByName("127.0.0.1")

private class Echo : DatagramProtocol() {
    override fun datagramReceived(view: ByteBuffer, sender: InternetAddress) = transport.write(view, sender)
}

private class Stopping(private val told: LinkedBlockingQueue<String>) : DatagramProtocol() {
    override fun stopProtocol() {
        told.add("stopped")
    }
}

/** Asks where it is connected. */
private class Asking(private val question: String) : DatagramProtocol() {
    val answer = CompletableFuture<String>()
    var peer: InternetAddress? = null

    override fun startProtocol() {
        peer = transport.peer()
        transport.write(question.encodeToByteArray())
    }

    override fun datagramReceived(data: ByteArray, sender: InternetAddress) {
        answer.complete(data.decodeToString())
    }
}

private fun Reactor.open(protocol: DatagramProtocol): ListeningPort = onLoop { listenUdp(0, protocol, "127.0.0.1") }

private fun DatagramSocket.say(text: String, port: ListeningPort) {
    val bytes = text.encodeToByteArray()
    send(DatagramPacket(bytes, bytes.size, LOOPBACK, port.port()))
}

private fun DatagramSocket.ask(text: String, port: ListeningPort): String {
    soTimeout = (DEADLINE_SECONDS * 1000).toInt()
    say(text, port)
    val answer = DatagramPacket(ByteArray(65_536), 65_536)
    receive(answer)
    return String(answer.data, 0, answer.length)
}
