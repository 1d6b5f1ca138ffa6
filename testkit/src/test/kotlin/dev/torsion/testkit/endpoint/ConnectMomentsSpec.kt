// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.defer.succeed
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.TCP4ClientEndpoint
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.IPv4Address
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.service.ClientService
import dev.torsion.service.RetryPolicy
import dev.torsion.testkit.StringTransport
import dev.torsion.testkit.contract.StreamHarness
import io.kotest.core.spec.style.FunSpec
import java.time.Duration
import java.util.concurrent.TimeUnit

/** A place in a user's code, or between two turns, where something may be given up. */
private enum class Moment {
    START_FACTORY,
    STARTED_CONNECTING,
    CALL_RETURNED,
    TURN_0,
    TURN_1,
    TURN_2,
    TURN_3,
    TURN_4,
    BUILD_PROTOCOL,
    CONNECTION_MADE,
    CLIENT_CONNECTION_MADE,
    PREPARE,
    RESULT,
    DATA,
    CONNECTION_LOST,
    CONNECTION_FAILED,
    RETRY_DELAY,
    STOP_FACTORY,
}

private enum class Server { TALKS, CLOSES, ABORTS, HAS_NO_PROTOCOL, REFUSES }

/** One run: a client of [server], to which [act] is done at [moment], and what can be seen of it. */
private class Run(val reactor: Reactor, val server: Server, val moment: Moment, val isBuilding: Boolean = true, val act: Run.() -> Unit) {
    val clients = ArrayList<Noted>()
    val servers = ArrayList<Noted>()
    val wrong = ArrayList<String>()
    var isDone = false
    var starts = 0
    var stops = 0
    var port = 0

    /** The objects that the run gives up, as far as it has them by then. */
    var giveUp: () -> Unit = {}

    fun at(now: Moment) {
        if (now != moment || isDone) return
        isDone = true
        act()
    }

    fun expect(isRight: Boolean, what: () -> String) {
        if (!isRight) wrong.add(what())
    }

    inner class Noted(private val isServer: Boolean) : Protocol() {
        var made = 0
        var lost = 0

        override fun connectionMade() {
            made++
            if (!isServer) return at(Moment.CONNECTION_MADE)
            transport.write(byteArrayOf(1))
            if (server == Server.CLOSES) transport.loseConnection()
            if (server == Server.ABORTS) transport.abortConnection()
        }

        override fun dataReceived(data: ByteArray) = at(Moment.DATA)

        override fun connectionLost(reason: CloseReason) {
            lost++
            if (!isServer) at(Moment.CONNECTION_LOST)
        }
    }

    fun startFactory() {
        starts++
        at(Moment.START_FACTORY)
    }

    fun stopFactory() {
        stops++
        at(Moment.STOP_FACTORY)
    }

    fun build(): Protocol? {
        at(Moment.BUILD_PROTOCOL)
        return if (isBuilding) Noted(isServer = false).also(clients::add) else null
    }

    inner class Clients : Factory() {
        init {
            isNoisy = false
        }

        override fun startFactory() = this@Run.startFactory()

        override fun stopFactory() = this@Run.stopFactory()

        override fun buildProtocol(address: Address) = build()
    }

    val hasOpen get() = (clients + servers).any { it.made > it.lost }

    suspend fun turn() {
        val later = Deferred<Unit>()
        reactor.callLater(1, TimeUnit.MILLISECONDS) { later.callback(Unit) }
        later.await()
    }

    suspend fun until(what: String, condition: () -> Boolean) {
        val end = reactor.nanoTime() + TimeUnit.SECONDS.toNanos(10)
        while (!condition()) {
            if (reactor.nanoTime() > end) throw AssertionError("waited in vain until $what; $this")
            turn()
        }
    }

    suspend fun someTurns() {
        for (now in Moment.TURN_0..Moment.TURN_4) {
            at(now)
            turn()
        }
    }

    private operator fun Moment.rangeTo(last: Moment) = Moment.entries.subList(ordinal, last.ordinal + 1)

    /** After each of them: everything that began has ended. */
    suspend fun checkEnd() {
        until("all connections are closed") { !hasOpen && reactor.health().connections == 0 }
        clients.forEach {
            expect(it.made <= 1 && it.lost == it.made) { "a protocol was connected ${it.made} times and lost ${it.lost} times" }
        }
        expect(starts == stops) { "the factory was started $starts times and stopped $stops times" }
        if (wrong.isNotEmpty()) throw AssertionError("$this: $wrong")
    }

    override fun toString() = "server $server, given up at $moment${if (isDone) "" else " (which did not come)"}, $clients"
}

/**
 * A caller that gives a connection up in the moment in which it comes about leaves nothing open: in each callback, and between each two
 * turns, in memory and on sockets.
 */
class ConnectMomentsSpec :
    FunSpec({
        mapOf("memory" to { StreamHarness.memory() }, "sockets" to { StreamHarness.sockets() }).forEach { (network, harness) ->
            context(network) {
                fun all(isBuilding: Boolean = true, act: Run.() -> Unit, scenario: suspend Run.() -> Unit) = harness().use { used ->
                    for (server in Server.entries) {
                        for (moment in Moment.entries) {
                            val run = Run(used.reactor, server, moment, isBuilding, act)
                            used.await { inlineCallbacks(used.reactor.dispatcher) { run.served { run.scenario() } } }
                            used.errors.forEach { throw AssertionError("$run: an error was reported", it) }
                        }
                    }
                }

                for (isBuilding in listOf(true, false)) {
                    test("the Deferred of an endpoint is cancelled; the factory ${if (isBuilding) "builds" else "has no protocol"}") {
                        all(isBuilding, { giveUp() }) { connectByEndpoint() }
                    }
                }

                test("a connector disconnects") { all(act = { giveUp() }) { connectByConnector() } }

                test("a connector disconnects and connects again") {
                    all(act = { giveUp() }) { connectByConnector(again = true) }
                }

                for (isBuilding in listOf(true, false)) {
                    test("a service is stopped; its factory ${if (isBuilding) "builds" else "has no protocol"}") {
                        all(isBuilding, { giveUp() }) { connectByService(TCP4ClientEndpoint(reactor, "127.0.0.1", port)) }
                    }
                }

                test("a service is stopped and started again") {
                    all(act = { giveUp() }) { connectByService(TCP4ClientEndpoint(reactor, "127.0.0.1", port), again = true) }
                }

                test("a service over an endpoint that connects within the call is stopped, or stopped and started again") {
                    for (again in listOf(false, true)) {
                        all(act = { giveUp() }) {
                            val endpoint = AtOnce()
                            connectByService(endpoint, again, endpoint::settle)
                        }
                    }
                }
            }
        }
    })

/** Runs [client] while the server of this run is there. */
private suspend fun Run.served(client: suspend () -> Unit) {
    val factory =
        object : Factory() {
            override fun buildProtocol(address: Address): Protocol? =
                if (server == Server.HAS_NO_PROTOCOL) null else Noted(isServer = true).also(servers::add)
        }
    factory.isNoisy = false
    val listening = reactor.listenTcp(0, factory, "127.0.0.1")
    port = listening.port()
    if (server == Server.REFUSES) listening.stopListening().await()
    client()
    listening.stopListening().await()
}

private suspend fun Run.connectByEndpoint() {
    var outcome: Outcome<Protocol>? = null
    val connecting = TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(Clients())
    giveUp = connecting::cancel
    at(Moment.CALL_RETURNED)
    connecting.addBoth {
        outcome = it
        at(Moment.RESULT)
    }
    someTurns()
    until("there is a result") { outcome != null }
    val connected = (outcome as? Success)?.value
    connected?.transport?.loseConnection() // whoever has it has to close it; all others are closed
    checkEnd()
}

private suspend fun Run.connectByConnector(again: Boolean = false) {
    var mayConnect = again
    val factory =
        object : ClientFactory() {
            override fun startFactory() = this@connectByConnector.startFactory()

            override fun stopFactory() = this@connectByConnector.stopFactory()

            override fun buildProtocol(address: Address) = build()

            override fun startedConnecting(connector: Connector) {
                giveUp = connector::disconnect
                at(Moment.STARTED_CONNECTING)
            }

            override fun clientConnectionMade(connector: Connector, protocol: Protocol) = at(Moment.CLIENT_CONNECTION_MADE)

            override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) = ended(connector)

            override fun clientConnectionLost(connector: Connector, reason: CloseReason) = ended(connector)

            private fun ended(connector: Connector) {
                expect(connector.state == Connector.State.DISCONNECTED) { "the factory is told that it has ended, but it is $connector" }
                if (mayConnect) {
                    mayConnect = false
                    connector.connect()
                }
                at(Moment.CONNECTION_FAILED)
            }
        }
    factory.isNoisy = false
    val connector = reactor.connectTcp("127.0.0.1", port, factory)
    at(Moment.CALL_RETURNED)
    someTurns()
    connector.disconnect()
    until("the connector has ended") { connector.state == Connector.State.DISCONNECTED || mayConnect.also { connector.disconnect() } }
    if (again) until("the second connection has ended") { connector.state == Connector.State.DISCONNECTED.also { connector.disconnect() } }
    checkEnd()
}

private suspend fun Run.connectByService(endpoint: ClientEndpoint, again: Boolean = false, settle: () -> Unit = {}) {
    var stopped = 0
    var asked = 0
    var isStopped = false
    val policy =
        RetryPolicy {
            at(Moment.RETRY_DELAY)
            Duration.ofMillis(1)
        }
    val service = ClientService(endpoint, Clients(), reactor, policy) { at(Moment.PREPARE) }

    fun stop() {
        asked++
        service.stopService().addCallback {
            stopped++
            if (!service.isRunning) {
                isStopped = true
                expect(clients.none { it.made > it.lost }) { "it says that it has stopped, but a connection is open" }
            }
        }
    }
    giveUp = {
        stop()
        if (again) service.startService()
    }
    service.startService()
    at(Moment.CALL_RETURNED)
    var told = 0
    service.whenConnected().addBoth {
        told++
        at(Moment.RESULT)
    }
    someTurns()
    settle()
    if (!again && isDone) {
        until("it has stopped") { isStopped.also { settle() } }
        val before = clients.size
        turn()
        expect(clients.size == before) { "it has connected after it had stopped" }
    }
    if (again) isDone = true // the end of the run is no moment to start again
    stop()
    until("all who asked for the stop are told") { (stopped == asked).also { settle() } }
    expect(told == 1) { "who waits for the connection was told $told times" }
    checkEnd()
}

/** An endpoint whose connections are there when the call returns, and end when [settle] is called. */
private class AtOnce : ClientEndpoint {
    private val transports = ArrayList<StringTransport>()

    override fun connect(factory: Factory): Deferred<Protocol> {
        factory.doStart()
        val transport = StringTransport().also(transports::add)
        val protocol = factory.buildProtocol(IPv4Address("192.0.2.2", 80))!!
        transport.connect(protocol)
        factory.doStop()
        return succeed(protocol)
    }

    fun settle() = transports.filter { it.isDisconnecting && !it.isDisconnected }.forEach { it.lose() }
}
