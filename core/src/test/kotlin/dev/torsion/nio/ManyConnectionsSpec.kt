// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Protocol
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.resultOnLoop
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import java.io.File
import java.nio.ByteBuffer
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.system.exitProcess

private const val CONNECTIONS = 10_000
private const val AT_ONCE = 400 // attempts under way: below the backlog, so that no handshake has to be repeated
private const val DEADLINE = 6 * DEADLINE_SECONDS

class ManyConnectionsSpec :
    StringSpec({
        "10,000 connections open at once, each echoes, all are closed, and nothing is left" {
            val threadsBefore = torsionThreads()
            val reactor = Reactor.create()
            reactor.start()
            val servers = HashSet<Protocol>()
            val allLost = CompletableFuture<Unit>()
            var unclean = 0
            var ended = 0

            class Echo : Protocol() {
                override fun connectionMade() {
                    servers.add(this)
                    transport.scope.launch { awaitCancellation() }
                }

                override fun dataReceived(view: ByteBuffer) = transport.write(view)

                override fun connectionLost(reason: CloseReason) {
                    servers.remove(this)
                    if (!reason.isClean) unclean++
                    if (++ended == CONNECTIONS) allLost.complete(Unit)
                }
            }
            val port = reactor.onLoop { reactor.listenTcp(0, dev.torsion.net.Factory { Echo() }, "127.0.0.1", 2 * AT_ONCE) }

            fun Reactor.channelCount() = capability(NioEngine::class.java)!!.channelCount

            fun scopes() = reactor.scope.coroutineContext.job.children
                .count()

            // The clients are a process of their own: both ends would need more file descriptors than one process commonly may have.
            val java = File(System.getProperty("java.home"), "bin/java").path
            val storm =
                ProcessBuilder(
                    java,
                    "-cp",
                    System.getProperty("java.class.path"),
                    ClientStorm::class.java.name,
                    port.port().toString(),
                ).redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start()
            try {
                val lines = storm.inputReader()
                lines.readLine() shouldBe "all $CONNECTIONS echoed"
                reactor.onLoop {
                    servers.size shouldBe CONNECTIONS
                    scopes() shouldBe CONNECTIONS
                    reactor.channelCount() shouldBe CONNECTIONS + 1
                }
                storm.outputStream.close() // they close their connections now
                lines.readLine() shouldBe "all $CONNECTIONS closed"
                allLost.get(DEADLINE, TimeUnit.SECONDS)
                storm.waitFor(DEADLINE, TimeUnit.SECONDS) shouldBe true
            } finally {
                storm.destroy()
            }
            unclean shouldBe 0

            reactor.resultOnLoop { port.stopListening() }
            reactor.onLoop {
                reactor.channelCount() shouldBe 0
                reactor.delayedCalls() shouldBe emptyList()
                scopes() shouldBe 0
                servers.size shouldBe 0
            }
            reactor.stopAndJoin(Duration.ofSeconds(DEADLINE_SECONDS)) shouldBe true
            // The reactor has ended; its threads have a last few instructions to go.
            torsionThreads().forEach { if (it !in threadsBefore) it.join(DEADLINE_SECONDS * 1000) }
            (torsionThreads() - threadsBefore) shouldBe emptySet()
        }
    })

private fun torsionThreads() = Thread.getAllStackTraces().keys.filter { it.isAlive && it.name.startsWith("torsion-reactor") }.toSet()

/** Opens all connections to the port in its first argument, and closes them when its standard input ends. */
internal object ClientStorm {
    private val reactor = Reactor.create()
    private val clients = ArrayList<Client>()
    private var begun = 0
    private var echoed = 0
    private var closed = 0

    @JvmStatic
    fun main(arguments: Array<String>) {
        val port = arguments[0].toInt()
        reactor.callWhenRunning { repeat(AT_ONCE) { connectNext(port) } }
        reactor.run()
    }

    private fun connectNext(port: Int) {
        if (begun < CONNECTIONS) {
            begun++
            reactor.connectTcp("127.0.0.1", port, Attempt(port))
        }
    }

    private class Attempt(port: Int) : ClientFactory({ Client(port) }) {
        init {
            isNoisy = false
        }

        override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) = give("failed: $reason")
    }

    private class Client(private val port: Int) : Protocol() {
        override fun connectionMade() {
            clients.add(this)
            transport.write("hello".toByteArray())
        }

        override fun dataReceived(data: ByteArray) {
            if (String(data) != "hello") give("not an echo: ${String(data)}")
            if (++echoed == CONNECTIONS) {
                println("all $echoed echoed")
                reactor.deferToThread { System.`in`.readAllBytes() }.addCallback { clients.forEach { it.transport.loseConnection() } }
            }
            connectNext(port)
        }

        override fun connectionLost(reason: CloseReason) {
            if (!reason.isClean) give("lost: $reason")
            if (++closed == CONNECTIONS) {
                println("all $closed closed")
                reactor.stop()
            }
        }
    }

    private fun give(up: String): Nothing {
        println(up)
        exitProcess(1)
    }
}
