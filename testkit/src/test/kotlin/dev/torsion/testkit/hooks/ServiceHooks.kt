// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.hooks

import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.ServerEndpoint
import dev.torsion.endpoint.TCP4ClientEndpoint
import dev.torsion.endpoint.TCP4ServerEndpoint
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.service.ClientService
import dev.torsion.service.MultiService
import dev.torsion.service.RetryPolicy
import dev.torsion.service.Service
import dev.torsion.service.StreamServerEndpointService
import dev.torsion.service.TimerService
import dev.torsion.service.startWith
import dev.torsion.testkit.hooks.Play.Companion.PORT
import io.kotest.matchers.shouldBe
import java.time.Duration
import kotlin.time.Duration.Companion.seconds

/** The hooks of services and endpoints. */
internal val SERVICE_HOOKS =
    listOf(
        Hook("onStart") {
            val service = Part(this, start = { fail() })
            attempt { service.startService() }
            service.isRunning shouldBe false
        },
        Hook("onStart of one of several") {
            val all = MultiService()
            val before = Part(this)
            val after = Part(this)
            listOf(before, Part(this, start = { fail() }), after).forEach(all::addService)
            attempt { all.startService() }
            listOf(before, after, all).map { it.isRunning } shouldBe listOf(false, false, false)
            before.stopped shouldBe before.started
        },
        Hook("onStart when the reactor runs") {
            Part(this, start = { fail() }).also { attempt { it.startWith(reactor) } }
        },
        Hook("onStop") {
            val service = Part(this, stop = { fail() })
            service.startService()
            mustFire("stopService", service.stopService())
        },
        Hook("onStop of one of several") {
            val all = MultiService()
            val others = listOf(Part(this), Part(this))
            listOf(others[0], Part(this, stop = { fail() }), others[1]).forEach(all::addService)
            all.startService()
            mustFire("stopService", all.stopService())
            others.map { it.stopped } shouldBe listOf(1, 1)
        },
        Hook("onStop at the end of the reactor") {
            val service = Part(this, stop = { fail() })
            service.startWith(reactor)
            reactor.flush()
            mustFire("stopService", service.stopService())
        },
        Hook("onStart, again after a stop", ToldOf.EACH_IN_THE_LOG) {
            var isFirst = true
            val ending = Deferred<Unit>()
            val service =
                Part(
                    this,
                    start = {
                        if (!isFirst) fail()
                        isFirst = false
                    },
                    stop = { ending },
                )
            service.startService()
            mustFire("stopService", service.stopService())
            service.startService()
            ending.callback(Unit)
        },
        Hook("the call of a TimerService", ToldOf.EACH_IN_THE_LOG) {
            val service = TimerService(reactor, 1.seconds) { fail() }
            service.startService()
            reactor.advance(Duration.ofSeconds(3))
            mustFire("stopService", service.stopService())
        },
        Hook("a retry policy", ToldOf.EACH_IN_THE_LOG) {
            val service = clientService(retryPolicy = { fail() })
            mustFire("whenConnected", service.whenConnected())
            reactor.advance(Duration.ofMinutes(1)) // nobody listens, so it is asked several times
            reactor.listenTcp(PORT, Probes(play))
            reactor.advance(Duration.ofMinutes(10))
            service.toString() shouldBe service.toString()
            mustFire("stopService", service.stopService())
        },
        Hook("prepareConnection", ToldOf.SOME) {
            reactor.listenTcp(PORT, Probes(play))
            val service = clientService(prepare = { fail() })
            mustFire("whenConnected", service.whenConnected(1))
            reactor.advance(Duration.ofSeconds(20))
            mustFire("stopService", service.stopService())
        },
        Hook("buildProtocol of a ClientService", ToldOf.SOME) {
            reactor.listenTcp(PORT, Probes(play))
            val service = clientService(factory = Probes(play) { fail() })
            mustFire("whenConnected", service.whenConnected(1))
            reactor.advance(Duration.ofSeconds(20))
            mustFire("stopService", service.stopService())
        },
        Hook("startFactory of a ClientService", ToldOf.SOME) {
            val service =
                clientService(
                    factory =
                    object : Probes(play) {
                        override fun startFactory() = fail()
                    },
                )
            mustFire("whenConnected", service.whenConnected(1))
            reactor.advance(Duration.ofSeconds(20))
            mustFire("stopService", service.stopService())
        },
        Hook("connect of an endpoint", ToldOf.SOME) {
            val service = ClientService(Nowhere(this), Probes(play), reactor, RetryPolicy { Duration.ofSeconds(1) })
            service.startService()
            mustFire("whenConnected", service.whenConnected(1))
            reactor.advance(Duration.ofSeconds(5))
            mustFire("stopService", service.stopService())
        },
        Hook("listen of an endpoint") {
            val service = StreamServerEndpointService(NoPort(this), Probes(play))
            attempt { service.startService() }
            service.isRunning shouldBe false
        },
        Hook("startFactory of an endpoint's factory") {
            val factory =
                object : Probes(play) {
                    override fun startFactory() = fail()
                }
            attempt { mustFire("listen", TCP4ServerEndpoint(reactor, PORT).listen(factory)) }
            attempt { mustFire("connect", TCP4ClientEndpoint(reactor, "127.0.0.1", PORT).connect(factory)) }
        },
        Hook("buildProtocol of an endpoint's factory") {
            reactor.listenTcp(PORT, Probes(play))
            mustFire("connect", TCP4ClientEndpoint(reactor, "127.0.0.1", PORT).connect(Probes(play) { fail() }))
        },
    )

private fun Play.clientService(
    factory: Factory = Probes(play),
    retryPolicy: RetryPolicy = RetryPolicy { Duration.ofSeconds(5) },
    prepare: ((Protocol) -> Any?)? = null,
): ClientService {
    val endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", PORT)
    val service = ClientService(endpoint, factory, reactor, retryPolicy, prepare?.let { hook -> dev.torsion.defer.Callback { hook(it) } })
    service.startService()
    reactor.flush()
    return service
}

/** A service that counts its starts and stops. */
private class Part(private val play: Play, private val start: () -> Unit = {}, private val stop: () -> Deferred<*> = { succeed(Unit) }) :
    Service() {
    var started = 0
    var stopped = 0

    override fun onStart() {
        started++
        start()
    }

    override fun onStop(): Deferred<*> {
        stopped++
        return stop()
    }

    override fun toString(): String = if (play.isHostile) throw IllegalStateException("no text") else super.toString()

    override fun equals(other: Any?): Boolean = if (play.isHostile) throw IllegalStateException("equal to nothing") else super.equals(other)

    override fun hashCode(): Int = if (play.isHostile) throw IllegalStateException("no hash code") else super.hashCode()
}

private class Nowhere(private val play: Play) : ClientEndpoint {
    override fun connect(factory: Factory): Deferred<Protocol> = play.fail()

    override fun toString(): String = throw IllegalStateException("no text")
}

private class NoPort(private val play: Play) : ServerEndpoint {
    override fun listen(factory: Factory): Deferred<ListeningPort> = play.fail()

    override fun toString(): String = throw IllegalStateException("no text")
}
