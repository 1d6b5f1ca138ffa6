// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.service

import dev.torsion.defer.Deferred
import dev.torsion.defer.Success
import dev.torsion.endpoint.ServerEndpoint
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.CannotListenException
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.service.MultiService
import dev.torsion.service.Service
import dev.torsion.service.StreamServerEndpointService
import dev.torsion.service.TimerService
import dev.torsion.service.runUntilStopped
import dev.torsion.service.startWith
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.advance
import dev.torsion.testkit.kotest.TorsionSpecExtension
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.time.Duration
import kotlin.time.Duration.Companion.seconds

/** The services that are ready to use, and the way of all of them to a reactor. */
class ReadyServicesSpec :
    StringSpec({
        val torsion = extension(TorsionSpecExtension())
        val factory = Factory { object : Protocol() {} }

        "a timer calls at the start and then at each interval, until it is stopped; and again" {
            var calls = 0
            val timer = TimerService(torsion.clock, 1.seconds) { calls++ }
            timer.startService()
            calls shouldBe 1
            repeat(3) { torsion.clock.advance(1.seconds) }
            calls shouldBe 4
            timer.stopService().outcomes().shouldContainExactly(Success(Unit))
            torsion.clock.advance(5.seconds)
            calls shouldBe 4
            timer.startService()
            calls shouldBe 5
            timer.stopService()
        }

        "stopping a timer waits for the call in progress" {
            val call = Deferred<Unit>()
            val timer = TimerService(torsion.clock, 1.seconds) { call }
            timer.startService()
            val stopped = timer.stopService().outcomes()
            stopped.shouldBeEmpty()
            call.callback(Unit)
            stopped.shouldContainExactly(Success(Unit))
        }

        "a call that fails ends the calls, and the timer can still be stopped and started" {
            var calls = 0
            val timer = TimerService(torsion.clock, 1.seconds) { if (++calls == 2) throw ArithmeticException("expected by this test") }
            timer.startService()
            torsion.clock.advance(1.seconds)
            timer.isLooping shouldBe false
            timer.isRunning shouldBe true
            torsion.clock.advance(5.seconds)
            calls shouldBe 2
            val logged = torsion.logs.flushLoggedErrors(ArithmeticException::class.java).single()
            logged.format shouldBe "{service}: the call has failed, so no more calls are made"
            logged.values.keys shouldBe setOf("service")
            timer.stopService().outcomes().shouldContainExactly(Success(Unit))
            timer.startService()
            timer.isLooping shouldBe true
            timer.stopService()
            shouldThrow<IllegalArgumentException> { TimerService(torsion.clock, (-1).seconds) {} }
        }

        "a server listens from the start to the stop" {
            val server = StreamServerEndpointService(serverFromString(torsion.reactor, "tcp:8007"), factory)
            server.startService()
            val port = server.port.shouldNotBeNull()
            port.isListening shouldBe true
            val stopped = server.stopService().outcomes()
            torsion.reactor.flush()
            stopped.shouldContainExactly(Success(Unit))
            port.isListening shouldBe false
            server.port.shouldBeNull()
        }

        "a port that is taken makes the start fail" {
            val port = torsion.reactor.listenTcp(8007, factory)
            val server = StreamServerEndpointService(serverFromString(torsion.reactor, "tcp:8007"), factory)
            shouldThrow<CannotListenException> { server.startService() }
            server.isRunning shouldBe false
            port.stopListening()
        }

        "stopping a server that does not listen yet cancels that" {
            var wasCancelled = false
            val listening = Deferred<ListeningPort> { wasCancelled = true }
            val server = StreamServerEndpointService(FakeServerEndpoint(listening), factory)
            server.startService()
            server.stopService().outcomes().shouldContainExactly(Success(Unit))
            wasCancelled shouldBe true
        }

        "a port that opens although it was cancelled is closed" {
            val port = torsion.reactor.listenTcp(0, factory)
            val server = StreamServerEndpointService(FakeServerEndpoint(Deferred { it.callback(port) }), factory)
            server.startService()
            server.stopService()
            port.isListening shouldBe false
        }

        "a server that fails to listen later, or whose cancellation fails, can be stopped" {
            for (fails in listOf("later", "when cancelled")) {
                val listening = Deferred<ListeningPort> { throw IllegalStateException("expected by this test") }
                val server = StreamServerEndpointService(FakeServerEndpoint(listening), factory)
                server.startService()
                if (fails == "later") listening.errback(IllegalStateException("expected by this test"))
                server.stopService().outcomes().shouldContainExactly(Success(Unit))
                torsion.logs.flushLoggedErrors(IllegalStateException::class.java).single().format shouldBe "{service} cannot listen"
            }
        }

        "a program runs its services until the reactor is stopped, which waits for them" {
            val reactor = torsion.reactor
            val events = ArrayList<String>()
            val program = MultiService()
            program.addService(
                object : Service() {
                    override fun onStart() {
                        events.add("start, running: ${reactor.isRunning}")
                    }

                    override fun onStop(): Deferred<*> {
                        val ends = Deferred<Unit>()
                        reactor.callLater(2, java.util.concurrent.TimeUnit.SECONDS) { ends.callback(Unit) }
                        return ends.addCallback { events.add("stopped") }
                    }
                },
            )
            reactor.callLater(5, java.util.concurrent.TimeUnit.SECONDS) { reactor.stop() }
            program.runUntilStopped(reactor)
            events.shouldContainExactly("start, running: true", "stopped")
            reactor.clock.elapsed() shouldBe Duration.ofSeconds(7)
        }

        "a program whose services cannot start ends with that error" {
            val reactor = torsion.reactor
            val broken =
                object : Service() {
                    override fun onStart(): Unit = throw CannotListenException("tcp:80", java.io.IOException("not allowed"))
                }
            shouldThrow<CannotListenException> { broken.runUntilStopped(reactor) }
            reactor.isRunning shouldBe false
        }

        "on a reactor that runs already, a service starts at once; its failures are reported" {
            val errors = ArrayList<Throwable>()
            val reactor = MemoryReactor { _, error -> errors.add(error) }
            reactor.start()
            val timer = TimerService(reactor, Duration.ofSeconds(1), java.util.concurrent.Callable { 1 })
            timer.startWith(reactor)
            timer.isRunning shouldBe true
            val broken =
                object : Service() {
                    override fun onStop(): Deferred<*> = error("cannot stop")
                }
            broken.startWith(reactor)
            reactor.stop()
            reactor.flush()
            timer.isRunning shouldBe false
            errors.map { it.message }.shouldContainExactly("cannot stop")
            errors.single().shouldBeInstanceOf<IllegalStateException>()
        }
    })

private class FakeServerEndpoint(private val listening: Deferred<ListeningPort>) : ServerEndpoint {
    override fun listen(factory: Factory) = listening
}
