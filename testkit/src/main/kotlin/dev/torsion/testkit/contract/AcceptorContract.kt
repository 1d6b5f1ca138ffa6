// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:OptIn(TorsionSpi::class)

package dev.torsion.testkit.contract

import dev.torsion.defer.await
import dev.torsion.net.TcpOptions
import dev.torsion.spi.Acceptor
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import dev.torsion.spi.TorsionSpi
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.util.function.Supplier

/**
 * The duties of a port towards its [Acceptor], and of an accepted [StreamChannel] towards its [StreamHandler]: checks over the network of
 * the [harness]'s reactor. To use as [StreamContract].
 */
@TorsionSpi
public class AcceptorContract(private val harness: Supplier<StreamHarness>) {
    /** The checks, each independent of the others. */
    @get:JvmName("checks")
    public val checks: List<StreamCheck> = accepting.map { (name, body) -> StreamCheck(name) { runCheck(harness, body) } }
}

/** An acceptor that remembers what it was told. */
private open class NotingAcceptor(private val scene: Scene, private val onAccepted: NotingAcceptor.(StreamChannel) -> Unit = {}) :
    Acceptor {
    val told = ArrayList<String>()
    val channels = ArrayList<StreamChannel>()
    override val logName = "Noting"
    override val isNoisy = false

    override fun opened() {
        told.add("opened")
    }

    override fun accepted(channel: StreamChannel) {
        told.add("accepted")
        channels.add(channel)
        onAccepted(channel)
        scene.happened()
    }

    override fun closed() {
        told.add("closed")
        scene.happened()
    }
}

private class Unopenable(scene: Scene, private val error: RuntimeException) : NotingAcceptor(scene) {
    override fun opened() = throw error
}

/** A handler that keeps what comes. */
private class Keeping(private val scene: Scene) : StreamHandler {
    private val bytes = ByteArrayOutputStream()
    val received: ByteArray get() = bytes.toByteArray()
    var hasInputEnded = false
        private set

    override fun receiveLimit() = Int.MAX_VALUE

    override fun received(view: ByteBuffer) {
        val data = ByteArray(view.remaining())
        view.get(data)
        bytes.write(data)
        scene.happened()
    }

    override fun inputEnded() {
        hasInputEnded = true
        scene.happened()
    }

    override fun outputReady() = Unit

    override fun broken(cause: Throwable) = Unit

    override fun finished(cause: Throwable?) = Unit

    override fun loopEnded() = Unit
}

private fun Scene.listen(acceptor: Acceptor) =
    checkNotNull(reactor.streamNetwork) { "$reactor has no network" }.listen(0, "127.0.0.1", BACKLOG, TcpOptions.DEFAULT, acceptor)

private const val BACKLOG = 50

private fun Scene.client(port: Int) = peer().also { reactor.connectTcp("127.0.0.1", port, QuietClientFactory(it)) }

private val accepting: Checks =
    checks {
        "each connection is the acceptor's, after the port was opened and before it was closed" {
            val acceptor = NotingAcceptor(this) { it.close() }
            val port = listen(acceptor)
            expectEqual(acceptor.told, listOf("opened"), "what the acceptor was told at first")
            val clients = List(3) { client(port.port()) }
            until("all clients are closed") { clients.all { it.isLost } }
            port.stopListening().await()
            port.stopListening().await()
            expectEqual(acceptor.told, listOf("opened", "accepted", "accepted", "accepted", "closed"), "what the acceptor was told")
        }

        "a port that listens again opens its acceptor again" {
            val acceptor = NotingAcceptor(this)
            val port = listen(acceptor)
            port.stopListening().await()
            port.startListening()
            port.stopListening().await()
            expectEqual(acceptor.told, listOf("opened", "closed", "opened", "closed"), "what the acceptor was told")
        }

        "an acceptor that cannot be opened keeps the port closed, and is not closed" {
            val broken = IllegalStateException("not today")
            val acceptor = Unopenable(this, broken)
            val error = expectThrows<IllegalStateException> { listen(acceptor) }
            expect(error === broken) { "what it has thrown goes to whoever listens, but that was $error" }
            expectEqual(acceptor.told, emptyList<String>(), "what the acceptor was told")
        }

        "a channel that is started later delivers what has come meanwhile, and knows its ends" {
            val acceptor = NotingAcceptor(this)
            val port = listen(acceptor)
            val client = client(port.port())
            until("it is accepted") { acceptor.channels.size == 1 && client.wasMade }
            client.transport.write(pattern(1000))
            roundTrip()
            val handler = Keeping(this)
            val channel = acceptor.channels.single()
            expectEqual(channel.localAddress, client.transport.peer(), "the channel's own address")
            expectEqual(channel.remoteAddress, client.transport.host(), "the channel's other end")
            channel.start(handler)
            until("all has come") { handler.received.size == 1000 }
            expectBytes(handler.received, pattern(1000))
            client.transport.loseConnection()
            until("the end has come") { handler.hasInputEnded }
            channel.finish()
            port.stopListening().await()
        }

        "a channel that does not read delivers neither bytes nor the end, until it reads again" {
            val handler = Keeping(this)
            val acceptor =
                NotingAcceptor(this) {
                    it.start(handler)
                    it.reading(false)
                }
            val port = listen(acceptor)
            val client = client(port.port())
            until("it is accepted") { acceptor.channels.size == 1 && client.wasMade }
            client.transport.write(pattern(100))
            client.transport.loseConnection()
            roundTrip()
            expect(handler.received.isEmpty() && !handler.hasInputEnded) { "nothing may come while it does not read" }
            acceptor.channels.single().reading(true)
            until("all has come") { handler.hasInputEnded }
            expectBytes(handler.received, pattern(100))
            acceptor.channels.single().finish()
            port.stopListening().await()
        }

        "what was taken is sent before the end, and the buffer is the caller's again" {
            val handler = Keeping(this)
            var taken = 0
            val acceptor =
                NotingAcceptor(this) {
                    val data = ByteBuffer.wrap(pattern(5000))
                    it.start(handler)
                    taken = it.send(data)
                    data.array().fill(0)
                    it.finish()
                }
            val port = listen(acceptor)
            val client = client(port.port())
            until("the client is closed") { client.isLost }
            expect(taken > 0) { "an empty channel takes something" }
            expectBytes(client.received, pattern(5000).copyOf(taken))
            port.stopListening().await()
        }
    }
