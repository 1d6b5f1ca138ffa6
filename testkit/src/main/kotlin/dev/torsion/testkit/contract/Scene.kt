// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.Address
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.ListeningPort
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.net.TcpTransport
import kotlinx.coroutines.CancellationException
import java.io.ByteArrayOutputStream
import java.util.concurrent.TimeUnit

/** Where a check takes place: makes connections, and waits until something has happened on them. */
internal class Scene(private val harness: StreamHarness) {
    val reactor get() = harness.reactor
    private val waiting = ArrayList<Pair<() -> Boolean, Deferred<Unit>>>()

    private val peers = ArrayList<Peer>()

    fun peer(configure: Peer.() -> Unit = {}) = Peer(::happened).apply(configure).also(peers::add)

    fun halfPeer(configure: Peer.() -> Unit = {}): Peer = HalfPeer(::happened).apply(configure).also(peers::add)

    /** The check is over: the reactor need not wait for connections that it has left, whose producers may go on for ever. */
    fun over() = peers.filter { it.wasMade && !it.isLost }.forEach { it.transport.abortConnection() }

    /** Connects [client] to [server], and waits until both know. */
    suspend fun connect(
        server: Peer,
        client: Peer,
        options: TcpOptions = TcpOptions.DEFAULT,
        factory: ClientFactory = QuietClientFactory(client),
    ) {
        listenAndConnect(server, client, options, factory).stopListening().await()
    }

    /** The same; the port stays open. */
    suspend fun listenAndConnect(
        server: Peer,
        client: Peer,
        options: TcpOptions = TcpOptions.DEFAULT,
        factory: ClientFactory = QuietClientFactory(client),
    ): ListeningPort {
        val port = harness.listen(Factory { server }.apply { isNoisy = false }, options)
        harness.connect(port, factory, options)
        until("both ends are connected") { server.wasMade && client.wasMade }
        return port
    }

    /** Connects [client] to a server whose factory has no protocol for it. */
    suspend fun connectToNobody(client: Peer) {
        val nobody =
            object : Factory() {
                override fun buildProtocol(address: Address): Protocol? = null
            }.apply { isNoisy = false }
        val port = harness.listen(nobody, TcpOptions.DEFAULT)
        harness.connect(port, QuietClientFactory(client), TcpOptions.DEFAULT)
        until("the client is connected") { client.wasMade }
        port.stopListening().await()
    }

    /** Waits until [condition] holds; looked at whenever something happens to a peer. */
    suspend fun until(what: String, condition: () -> Boolean) {
        if (condition()) return
        val met = Deferred<Unit>()
        waiting.add(condition to met)
        try {
            met.await()
        } catch (e: CancellationException) {
            throw AssertionError("waited in vain until $what", e)
        }
        turn() // out of the callback that has brought it about
    }

    fun happened() {
        val met = waiting.filter { (condition, _) -> condition() }
        waiting.removeAll(met)
        met.forEach { (_, deferred) -> deferred.callback(Unit) }
    }

    /** Lets one turn of the reactor pass. */
    suspend fun turn() {
        val later = Deferred<Unit>()
        reactor.callLater(0, TimeUnit.NANOSECONDS) { later.callback(Unit) }
        later.await()
    }

    /** Gives what is on its way time to arrive: a round trip on another connection. */
    suspend fun roundTrip() {
        val server = peer { onData = { transport.write(it) } }
        val client = peer()
        connect(server, client)
        client.transport.write(ByteArray(1))
        until("the other connection has echoed") { client.receivedBytes > 0 }
        client.transport.loseConnection()
        until("the other connection is gone") { client.isLost && server.isLost }
    }

    fun takeErrors(): List<Throwable> = harness.errors.toList().also { harness.errors.clear() }
}

/** A protocol that remembers what happened to it, in order. */
internal open class Peer(private val happened: () -> Unit) : Protocol() {
    private val bytes = ByteArrayOutputStream()
    private val told = Story(happened)

    /** The events so far, except data. */
    val story: List<String> get() = told.events
    var onMade: Peer.() -> Unit = {}
    var onData: Peer.(ByteArray) -> Unit = {}
    var onLost: Peer.() -> Unit = {}
    var reason: CloseReason? = null
        private set
    val received: ByteArray get() = bytes.toByteArray()
    val receivedBytes get() = bytes.size()
    val tcp get() = transport as TcpTransport
    val halves get() = transport as HalfCloseableTransport
    val wasMade get() = "made" in story
    val isLost get() = "lost" in story

    /** Something happened that is not worth remembering. */
    fun stir() = happened()

    /** Remembers [event]; one inside of another is marked. */
    fun note(event: String, callback: () -> Unit = {}) = told.note(event, callback)

    override fun connectionMade() = note("made") { onMade() }

    override fun dataReceived(data: ByteArray) {
        bytes.write(data)
        told.inside { onData(data) }
    }

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
        note("lost") { onLost() }
    }
}

/** The same that wants to know about each half. */
internal class HalfPeer(happened: () -> Unit) :
    Peer(happened),
    HalfCloseableProtocol {
    override fun readConnectionLost() = note("read lost")

    override fun writeConnectionLost() = note("write lost")
}

/** A factory for one given protocol. */
internal open class QuietClientFactory(private val client: Peer) : ClientFactory() {
    init {
        isNoisy = false
    }

    override fun buildProtocol(address: Address): Protocol = client

    override fun clientConnectionLost(connector: Connector, reason: CloseReason) = client.note("factory told")
}

/** A producer that remembers what it was told. */
internal class NotingProducer(private val peer: Peer, private val onResume: NotingProducer.() -> Unit = {}) : Producer {
    val told = ArrayList<String>()

    override fun resumeProducing() {
        told.add("resume")
        onResume()
        peer.stir()
    }

    override fun pauseProducing() {
        told.add("pause")
        peer.stir()
    }

    override fun stopProducing() {
        told.add("stop")
        peer.stir()
    }
}

/** [size] bytes in which each place can be told from its neighbours. */
internal fun pattern(size: Int): ByteArray = ByteArray(size) { (it * 31 + it / 251).toByte() }

internal fun expect(condition: Boolean, message: () -> String) {
    if (!condition) throw AssertionError(message())
}

internal fun expectEqual(actual: Any?, expected: Any?, what: String) =
    expect(actual == expected) { "$what: expected <$expected>, but was <$actual>" }

internal fun expectBytes(actual: ByteArray, expected: ByteArray) = expect(actual.contentEquals(expected)) {
    val place = actual.zip(expected).indexOfFirst { (a, b) -> a != b }
    "the bytes differ" + (if (place >= 0) " from byte $place on" else "") + ": ${expected.size} were expected, ${actual.size} came"
}

internal inline fun <reified T> expectIs(value: Any?): T =
    value as? T ?: throw AssertionError("expected a ${T::class.simpleName}, but was $value")

internal inline fun <reified T : Throwable> expectThrows(block: () -> Unit): T {
    try {
        block()
    } catch (e: Throwable) {
        return e as? T ?: throw AssertionError("expected a ${T::class.simpleName}, but was $e", e)
    }
    throw AssertionError("expected a ${T::class.simpleName}, but nothing was thrown")
}
