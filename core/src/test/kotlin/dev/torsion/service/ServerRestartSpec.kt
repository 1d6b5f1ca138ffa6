// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.DeferredList
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.nio.Scripted
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldNotBeSameInstanceAs
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import dev.torsion.net.Factory as TorsionFactory

/** An echo server that can be stopped, with all its connections, and started again on the same port. */
private class RestartingServer(private val reactor: Reactor) {
    private lateinit var port: ListeningPort
    private val connections = ArrayList<Scripted>()

    fun start(number: Int = 0): Int {
        val factory = TorsionFactory { Scripted(received = { transport.write(it) }).also(connections::add) }
        port = reactor.onLoop { reactor.listenTcp(number, factory, "127.0.0.1") }
        return port.port()
    }

    fun stop() {
        reactor.resultOnLoop {
            connections.forEach { it.transport.loseConnection() }
            connections.clear()
            port.stopListening()
        }
    }
}

/** A client of [RestartingServer], which says hello to it before it may be used. */
private class Greeter(private val answer: Deferred<String> = Deferred()) : Protocol() {
    val lost = CompletableFuture<dev.torsion.net.CloseReason>()
    private var received = ""

    fun greet(): Deferred<String> = answer.also { transport.write("hello".toByteArray()) }

    override fun dataReceived(data: ByteArray) {
        received += String(data)
        if (received == "hello") answer.callback(received)
    }

    override fun connectionLost(reason: dev.torsion.net.CloseReason) {
        lost.complete(reason)
    }
}

/** A [ClientService] over the restarts of its server, on real sockets; all its rules are in the testkit's `ClientServiceSpec`. */
class ServerRestartSpec :
    StringSpec({
        val retries = LinkedBlockingQueue<Int>()
        val often = RetryPolicy { failedAttempts -> Duration.ofMillis(10).also { retries.add(failedAttempts) } }
        val greet = Callback<Protocol, Any?> { (it as Greeter).greet() }
        beforeTest { retries.clear() }

        fun nextRetry() = checkNotNull(retries.poll(DEADLINE_SECONDS, TimeUnit.SECONDS)) { "there was no retry" }

        fun Reactor.service(port: Int, prepare: Callback<Protocol, Any?>? = greet) =
            ClientService(clientFromString(this, "tcp:127.0.0.1:$port"), TorsionFactory { Greeter() }, this, often, prepare)

        fun Reactor.started(service: ClientService): Greeter = resultOnLoop {
            service.startService()
            service.whenConnected()
        } as Greeter

        "a client notices that its server has gone, tries again and again, and is back when the server is" {
            withReactor { reactor ->
                val server = RestartingServer(reactor)
                val port = server.start()
                val service = reactor.service(port)
                val first = reactor.started(service)

                server.stop()
                first.lost.getOrFail()
                nextRetry() shouldBe 1 // the loss itself
                nextRetry() shouldBe 2 // nobody listens
                shouldThrow<ConnectionRefusedException> { reactor.resultOnLoop { service.whenConnected(failAfterFailures = 2) } }
                val waiting = CompletableFuture<Protocol>()
                reactor.onLoop<Unit> { service.whenConnected().addCallback { waiting.complete(it) } }

                server.start(port)
                val second = waiting.getOrFail() as Greeter
                second shouldNotBeSameInstanceAs first
                retries.clear()

                server.stop()
                second.lost.getOrFail()
                nextRetry() shouldBe 1 // the count began again with the connection
                server.start(port)
                val third = reactor.resultOnLoop { service.whenConnected() } as Greeter

                reactor.resultOnLoop { service.stopService() }
                third.lost.isDone shouldBe true
                shouldThrow<DeferredCancelledException> { reactor.resultOnLoop { service.whenConnected() } }
                reactor.onLoop { reactor.delayedCalls() }.shouldBeEmpty()
                server.stop()
            }
        }

        "a connection that its hook does not accept is aborted, and the next one is tried" {
            withReactor { reactor ->
                val server = RestartingServer(reactor)
                val refused = ArrayList<Greeter>()
                val service =
                    reactor.service(server.start()) {
                        val greeter = it as Greeter
                        if (refused.isEmpty()) {
                            refused.add(greeter)
                            error("the first one is not liked")
                        }
                        greeter.greet()
                    }
                val accepted = reactor.started(service)
                accepted shouldNotBeSameInstanceAs refused.single()
                refused.single().lost.getOrFail().shouldBeInstanceOf<ConnectionAborted>().cause!!.message shouldBe
                    "the first one is not liked"
                nextRetry() shouldBe 1
                reactor.resultOnLoop { service.stopService() }
                server.stop()
            }
        }

        "a service that is stopped while it waits for its server connects no more" {
            withReactor { reactor ->
                val server = RestartingServer(reactor)
                val port = server.start()
                server.stop()
                val service = reactor.service(port)
                reactor.onLoop { service.startService() }
                nextRetry() shouldBe 1
                reactor.resultOnLoop { service.stopService() }
                server.start(port)
                reactor.onLoop { reactor.delayedCalls() }.shouldBeEmpty()
                reactor.health().connections shouldBe 0
                server.stop()
            }
        }

        "fifty clients of one server are all back after its restart" {
            withReactor { reactor ->
                val server = RestartingServer(reactor)
                val port = server.start()
                val services = List(50) { reactor.service(port) }
                val before = services.map { reactor.started(it) }
                server.stop()
                before.forEach { it.lost.getOrFail() }
                val after =
                    CompletableFuture<Int>().also { all ->
                        reactor.onLoop {
                            DeferredList(services.map { it.whenConnected() }).addCallback { all.complete(it.toSet().size) }
                        }
                    }
                server.start(port)
                after.getOrFail() shouldBe 50
                reactor.resultOnLoop { DeferredList(services.map { it.stopService() }) }
                retries shouldContain 1
                server.stop()
            }
        }
    })
