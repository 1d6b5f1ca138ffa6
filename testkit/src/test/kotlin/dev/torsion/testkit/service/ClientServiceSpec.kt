// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.service

import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Success
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.service.ClientService
import dev.torsion.service.RetryPolicy
import dev.torsion.testkit.advance
import dev.torsion.testkit.kotest.TorsionSpecExtension
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.Job
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.seconds

class ClientServiceSpec :
    StringSpec({
        val torsion = extension(TorsionSpecExtension())
        lateinit var endpoint: FakeEndpoint
        lateinit var failed: ArrayList<Int>
        val factory = Factory { object : Protocol() {} }
        beforeTest {
            endpoint = FakeEndpoint()
            failed = ArrayList()
        }

        fun service(prepare: Callback<Protocol, *>? = null) =
            ClientService(endpoint, factory, torsion.clock, RetryPolicy { Duration.ofSeconds(10).also { _ -> failed.add(it) } }, prepare)

        fun started(prepare: Callback<Protocol, *>? = null) = service(prepare).also { it.startService() }

        fun attempt() = endpoint.attempts.last()

        "it connects when it is started, once" {
            val service = started()
            endpoint.attempts shouldHaveSize 1
            service.startService()
            endpoint.attempts shouldHaveSize 1
            service.toString() shouldBe "ClientService(fake, connecting)"
            service.stopService()
        }

        "the log says why it tries again" {
            val service = started()
            attempt().fail(CannotConnectException("nobody is there", "fake", IOException("no route")))
            torsion.logs.messages().joinToString() shouldContain
                "ClientService(fake, waiting): retry 1 in 10 s: nobody is there (java.io.IOException: no route)"
            service.stopService()
        }

        "the log says a cause once, in one line whatever a peer has put into it, and calls the client by the name that the user chose" {
            val named =
                object : Factory({ object : Protocol() {} }) {
                    override fun logPrefix() = "prices"
                }
            val service = ClientService(endpoint, named, torsion.clock, RetryPolicy { Duration.ofMillis(1_983) })
            service.startService()
            attempt().fail(CannotConnectException("refused: no\nroute", "fake", IOException("no\nroute")))
            val line = torsion.logs.messages().last { "retry" in it }
            line shouldBe "ClientService prices(fake, waiting): retry 1 in 1.98 s: refused: no\\nroute"
            service.stopService()
        }

        "a factory that starts anew for each connection says nothing of it" {
            val service = started()
            attempt().factory.doStart()
            attempt().succeed()
            attempt().factory.doStop()
            torsion.logs.messages().filter { "factory" in it }.shouldBeEmpty()
            service.stopService()
            attempt().transport.lose()
        }

        "an error of the program that an attempt fails with is reported, though nobody waits for a connection" {
            val service = started()
            attempt().fail(IllegalStateException("of the factory"))
            torsion.logs.flushLoggedErrors(IllegalStateException::class.java) shouldHaveSize 1
            service.stopService()
        }

        "the ports of the factory that the endpoint gets are those of its own" {
            val service = started()
            attempt().factory.doStart()
            factory.numPorts shouldBe 1
            attempt().factory.doStop()
            factory.numPorts shouldBe 0
            service.stopService()
        }

        "whenConnected waits for the connection, and gives it at once when it is there" {
            val service = service()
            val early = service.whenConnected().outcomes()
            service.startService()
            val waiting = service.whenConnected(1).outcomes()
            early.shouldBeEmpty()
            val protocol = attempt().succeed()
            early.shouldContainExactly(Success(protocol))
            waiting.shouldContainExactly(Success(protocol))
            service.whenConnected(1).outcomes().shouldContainExactly(Success(protocol))
            torsion.clock.delayedCalls().shouldBeEmpty()
            service.stopService()
            attempt().transport.lose()
        }

        "a failed attempt is followed by another after the delay" {
            val service = started()
            attempt().fail()
            torsion.clock.advance(9.seconds)
            endpoint.attempts shouldHaveSize 1
            torsion.clock.advance(1.seconds)
            endpoint.attempts shouldHaveSize 2
            attempt().fail()
            torsion.clock.advance(10.seconds)
            failed.shouldContainExactly(1, 2)
            service.stopService()
        }

        "a lost connection is followed by another, and the count of failures begins again" {
            val service = started()
            attempt().fail()
            torsion.clock.advance(10.seconds)
            attempt().succeed()
            attempt().transport.lose()
            torsion.clock.advance(10.seconds)
            endpoint.attempts shouldHaveSize 3
            failed.shouldContainExactly(1, 1)
            val second = attempt().succeed()
            service.whenConnected().outcomes().shouldContainExactly(Success(second))
            service.stopService()
            attempt().transport.lose()
        }

        "whenConnected fails after as many failures as it was told" {
            val service = started()
            val never = service.whenConnected().outcomes()
            val (one, two, three) = (1..3).map { service.whenConnected(it).outcomes() }
            val first = Exception("first")
            attempt().fail(first)
            one.error() shouldBeSameInstanceAs first
            two.shouldBeEmpty()
            torsion.clock.advance(10.seconds)
            val second = Exception("second")
            attempt().fail(second)
            two.error() shouldBeSameInstanceAs second
            three.shouldBeEmpty()
            torsion.clock.advance(10.seconds)
            val protocol = attempt().succeed()
            three.shouldContainExactly(Success(protocol))
            never.shouldContainExactly(Success(protocol))
            shouldThrow<IllegalArgumentException> { service.whenConnected(0) }
            service.stopService()
            attempt().transport.lose()
        }

        "who asks while the connection ends, as the protocol itself may, gets the next one" {
            lateinit var service: ClientService
            val next = ArrayList<Protocol>()
            val asking =
                Factory {
                    object : Protocol() {
                        override fun connectionLost(reason: CloseReason) {
                            if (service.isRunning) service.whenConnected(1).addCallback { next.add(it) }
                        }
                    }
                }
            service = ClientService(endpoint, asking, torsion.clock, RetryPolicy { Duration.ofSeconds(10) })
            service.startService()
            attempt().succeed()
            attempt().transport.lose()
            next.shouldBeEmpty()
            torsion.clock.advance(10.seconds)
            val second = attempt().succeed()
            next.shouldContainExactly(second)
            service.stopService()
            attempt().transport.lose()
        }

        "a cancelled whenConnected waits no more" {
            val service = started()
            val waiting = service.whenConnected()
            waiting.cancel()
            waiting.outcomes().error().shouldBeInstanceOf<DeferredCancelledException>()
            attempt().succeed()
            service.stopService()
            attempt().transport.lose()
        }

        "stopping it while connected closes the connection, and waits for its end" {
            val service = started()
            attempt().succeed()
            val stopped = service.stopService().outcomes()
            attempt().transport.isDisconnecting shouldBe true
            stopped.shouldBeEmpty()
            attempt().transport.lose()
            stopped.shouldContainExactly(Success(Unit))
            service.whenConnected().outcomes().error().shouldBeInstanceOf<DeferredCancelledException>()
            torsion.clock.advance(100.seconds)
            endpoint.attempts shouldHaveSize 1
        }

        "stopping it while connecting cancels the attempt" {
            val service = started()
            val waiting = listOf(service.whenConnected(), service.whenConnected(1)).map { it.outcomes() }
            service.stopService().outcomes().shouldContainExactly(Success(Unit))
            attempt().result.called shouldBe true
            waiting.forEach { it.error().shouldBeInstanceOf<DeferredCancelledException>() }
        }

        "stopping it while it waits cancels the wait" {
            val service = started()
            val before = service.whenConnected().outcomes()
            attempt().fail()
            service.stopService().outcomes().shouldContainExactly(Success(Unit))
            torsion.clock.delayedCalls().shouldBeEmpty()
            before.error().shouldBeInstanceOf<DeferredCancelledException>()
            service.whenConnected().outcomes().error().shouldBeInstanceOf<DeferredCancelledException>()
        }

        "stopping it during the second attempt cancels that" {
            val service = started()
            attempt().fail()
            torsion.clock.advance(10.seconds)
            endpoint.attempts shouldHaveSize 2
            service.stopService().outcomes().shouldContainExactly(Success(Unit))
        }

        "stopping it before it was started, or again, does nothing" {
            val service = service()
            service.stopService().outcomes().shouldContainExactly(Success(Unit))
            service.startService()
            service.stopService()
            service.stopService().outcomes().shouldContainExactly(Success(Unit))
            endpoint.attempts shouldHaveSize 1
        }

        "two who stop it while it is connected both wait for the end of the connection" {
            val service = started()
            attempt().succeed()
            val stops = List(2) { service.stopService().outcomes() }
            stops.forEach { it.shouldBeEmpty() }
            attempt().transport.lose()
            stops.forEach { it.shouldContainExactly(Success(Unit)) }
        }

        "behaviour 40: started while it stops, it waits for the end of the connection and connects again" {
            val service = started()
            attempt().succeed()
            val stopped = service.stopService().outcomes()
            val next = service.whenConnected().outcomes()
            service.startService()
            endpoint.attempts shouldHaveSize 1
            stopped.shouldBeEmpty()
            attempt().transport.lose()
            stopped.shouldContainExactly(Success(Unit))
            endpoint.attempts shouldHaveSize 2
            next.shouldBeEmpty()
            val second = attempt().succeed()
            next.shouldContainExactly(Success(second))
            service.stopService().outcomes().shouldBeEmpty()
            attempt().transport.lose()
        }

        "stopped while it waits to be started again, it stays stopped" {
            val service = started()
            attempt().succeed()
            val first = service.stopService().outcomes()
            service.startService()
            val waiting = service.whenConnected().outcomes()
            val second = service.stopService().outcomes()
            attempt().transport.lose()
            first.shouldContainExactly(Success(Unit))
            second.shouldContainExactly(Success(Unit))
            waiting.error().shouldBeInstanceOf<DeferredCancelledException>()
            endpoint.attempts shouldHaveSize 1
        }

        "started after it has stopped, it connects again" {
            val service = started()
            service.stopService()
            service.startService()
            endpoint.attempts shouldHaveSize 2
            val protocol = attempt().succeed()
            service.whenConnected().outcomes().shouldContainExactly(Success(protocol))
            service.stopService()
            attempt().transport.lose()
        }

        "each connection is prepared before it is given out, whatever the hook gives" {
            val prepared = ArrayList<Protocol>()
            val service = started { prepared.add(it) }
            attempt().fail()
            prepared.shouldBeEmpty()
            torsion.clock.advance(10.seconds)
            val first = attempt().succeed()
            service.whenConnected().outcomes().shouldContainExactly(Success(first))
            attempt().transport.lose()
            torsion.clock.advance(10.seconds)
            val second = attempt().succeed()
            prepared.shouldContainExactly(first, second)
            service.stopService()
            attempt().transport.lose()
        }

        "a Deferred of the hook is waited for" {
            val login = Deferred<String>()
            val service = started { login }
            val waiting = service.whenConnected().outcomes()
            val protocol = attempt().succeed()
            waiting.shouldBeEmpty()
            login.callback("welcome")
            waiting.shouldContainExactly(Success(protocol))
            service.stopService()
            attempt().transport.lose()
        }

        "a stage or a job of the hook is waited for, and cancelled when the service stops" {
            val stage = CompletableFuture<String>()
            val job = Job()
            listOf(stage to { stage.complete("welcome") }, job to { job.complete() }).forEach { (given, end) ->
                val service = started { given }
                val waiting = service.whenConnected().outcomes()
                val protocol = attempt().succeed()
                waiting.shouldBeEmpty()
                end()
                waiting.shouldContainExactly(Success(protocol))
                service.stopService()
                attempt().transport.lose()
            }
            val late = CompletableFuture<String>()
            val service = started { late }
            attempt().succeed()
            service.stopService()
            late.isCancelled shouldBe true
            attempt().transport.lose()
        }

        "a hook that throws has the connection aborted, and counts as a failure; the retry waits for the end of the connection" {
            val refused = IllegalStateException("wrong password")
            val service = started { throw refused }
            val (one, two) = (1..2).map { service.whenConnected(it).outcomes() }
            attempt().succeed()
            attempt().transport.abortCause shouldBeSameInstanceAs refused
            one.error() shouldBeSameInstanceAs refused
            torsion.clock.delayedCalls().shouldBeEmpty()
            attempt().transport.lose()
            torsion.clock.advance(10.seconds)
            two.shouldBeEmpty()
            attempt().succeed()
            two.error() shouldBeSameInstanceAs refused
            failed.shouldContainExactly(1)
            service.stopService().outcomes().also { attempt().transport.lose() }.shouldContainExactly(Success(Unit))
        }

        "a connection that is lost while it is prepared cancels the hook, and counts as a failure" {
            val login = Deferred<String>()
            val service = started { login }
            val waiting = service.whenConnected(1).outcomes()
            attempt().succeed()
            val reason = ConnectionLost("reset")
            attempt().transport.lose(reason)
            waiting.error() shouldBeSameInstanceAs reason
            login.called shouldBe true
            failed.shouldContainExactly(1)
            service.stopService()
        }

        "stopping it while a connection is prepared cancels the hook and closes the connection" {
            val login = Deferred<String>()
            val service = started { login }
            attempt().succeed()
            val stopped = service.stopService().outcomes()
            login.called shouldBe true
            stopped.shouldBeEmpty()
            attempt().transport.isDisconnecting shouldBe true
            attempt().transport.lose()
            stopped.shouldContainExactly(Success(Unit))
        }

        "an endpoint that throws has failed, as has one that connects a protocol of its own" {
            val odd =
                object : ClientEndpoint {
                    override fun connect(factory: Factory): Deferred<Protocol> = error("too early")
                }
            val service = ClientService(odd, factory, torsion.clock)
            val waiting = service.whenConnected(1).outcomes()
            service.startService()
            waiting.error().message shouldBe "too early"
            service.stopService()
            val other = started()
            val second = other.whenConnected(1).outcomes()
            attempt().result.callback(object : Protocol() {})
            second.error().message!! shouldContain "without a protocol of the factory"
            other.stopService()
        }

        "a retry policy that fails gives way to the default" {
            val service = ClientService(endpoint, factory, torsion.clock, { error("no idea") })
            service.startService()
            attempt().fail()
            torsion.clock.delayedCalls() shouldHaveSize 1
            torsion.clock.advance(2.5.seconds)
            endpoint.attempts shouldHaveSize 2
            service.stopService()
            torsion.logs.flushLoggedErrors(IllegalStateException::class.java).single().message shouldContain "the retry policy has failed"
        }
    })
