// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import dev.torsion.endpoint.clientFromString
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.CloseReason
import dev.torsion.net.Protocol
import dev.torsion.service.ClientService
import dev.torsion.service.MultiService
import dev.torsion.service.RetryPolicy
import dev.torsion.service.StreamServerEndpointService
import dev.torsion.service.TimerService
import dev.torsion.service.startWith
import java.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * A program of services: a server, a client that stays connected, a timer and one of its own. The client logs in, loses its
 * connection, has another one, asks, and the program stops.
 */
internal class ServiceProgram(private val run: SweepRun) {
    private val reactor = run.reactor
    private val all = MultiService()
    private var logins = 0

    fun begin() {
        all.addService(SweptService(run, "own") { run.pause(1.seconds) })
        all.addService(StreamServerEndpointService(serverFromString(reactor, "tcp:8007"), SweptFactory(run, "server") { Server() }))
        val client =
            ClientService(
                clientFromString(reactor, "tcp:server.test:8007"),
                SweptFactory(run, "client") { Client() },
                reactor,
                RetryPolicy { run.call("retryPolicy") { Duration.ofSeconds(1) } },
            ) { protocol -> run.call("prepareConnection") { run.track("login", (protocol as Client).login()) } }
        all.addService(client)
        all.addService(TimerService(reactor, 1.seconds) { run.call("timer") { null } })
        all.startWith(reactor)
        reactor.callWhenRunning { run.call("callWhenRunning") { if (all.isRunning) follow(client) else run.stop() } }
    }

    private fun follow(client: ClientService) {
        run.track("whenConnected", client.whenConnected())
            .addAsyncCallback { first -> run.track("first answer", (first as Client).ask("drop")).addErrback { "" } }
            .addAsyncCallback { run.track("pause", run.pause(2.seconds), endsWithReactor = false) }
            .addAsyncCallback { run.track("whenConnected", client.whenConnected(3)) }
            .addAsyncCallback { second -> run.track("second answer", (second as Client).ask("what")) }
            .addBoth { run.stop() }
    }

    private inner class Server : SweptProtocol(run, "server") {
        override fun received(data: ByteArray) {
            if (String(data) == "drop") transport.abortConnection() else transport.write(data)
        }
    }

    private inner class Client : SweptProtocol(run, "client") {
        private var waiting: Deferred<String>? = null

        fun login(): Deferred<String> = ask("login ${++logins}")

        fun ask(question: String): Deferred<String> {
            if (!isConnected) return succeed("gone")
            transport.write(question.toByteArray())
            return Deferred<String>().also { waiting = it }
        }

        override fun received(data: ByteArray) = answer(String(data))

        override fun connectionLost(reason: CloseReason) {
            answer("none")
            super.connectionLost(reason)
        }

        private fun answer(text: String) {
            val asked = waiting ?: return
            waiting = null
            if (!asked.called) asked.callback(text)
        }
    }
}
