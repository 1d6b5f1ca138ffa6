// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.Producer
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch

private class Broken : RuntimeException("broken by the check")

private val ample = TcpOptions(StreamOptions(writeLimit = 1L shl 30))

/** User code that fails harms its own connection only; coroutines end with theirs. */
internal val callbacks: Checks =
    checks {
        "dataReceived that throws is reported, and aborts the connection for it" {
            val broken = Broken()
            val server = peer { onData = { throw broken } }
            val client = peer()
            connect(server, client)
            client.transport.write(pattern(10))
            until("both ends are closed") { server.isLost && client.isLost }
            expect(expectIs<ConnectionAborted>(server.reason).cause === broken) { "the abort names its cause" }
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "connectionMade that throws is reported, and aborts the connection for it" {
            val broken = Broken()
            val server = peer { onMade = { throw broken } }
            val client = peer()
            connect(server, client)
            until("both ends are closed") { server.isLost && client.isLost }
            expect(expectIs<ConnectionAborted>(server.reason).cause === broken) { "the abort names its cause" }
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "connectionLost that throws is reported, and the factory is told all the same" {
            val broken = Broken()
            val server = peer()
            val client = peer { onLost = { throw broken } }
            connect(server, client)
            server.transport.loseConnection()
            until("the factory is told") { "factory told" in client.story }
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "a producer that throws when it is stopped is reported, and the protocol is told all the same" {
            val broken = Broken()
            val server = peer()
            val client = peer()
            connect(server, client)
            client.transport.registerProducer(
                object : Producer {
                    override fun resumeProducing() = Unit

                    override fun stopProducing() = throw broken
                },
                true,
            )
            client.transport.abortConnection()
            until("the factory is told") { "factory told" in client.story }
            expectEqual(client.story, listOf("made", "lost", "factory told"), "what the client was told")
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "a producer that throws when it is resumed is reported, and aborts the connection for it" {
            val broken = Broken()
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            val producer = NotingProducer(client) { throw broken }
            client.transport.registerProducer(producer, true)
            fill(client.transport)
            server.transport.resumeProducing()
            until("it is gone") { client.isLost }
            expect(expectIs<ConnectionAborted>(client.reason).cause === broken) { "the abort names its cause" }
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "a producer that throws when it is paused is reported, and aborts the connection for it" {
            val broken = Broken()
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            val producer =
                object : Producer {
                    override fun resumeProducing() = Unit

                    override fun pauseProducing() = throw broken

                    override fun stopProducing() = Unit
                }
            client.transport.registerProducer(producer, true)
            fill(client.transport)
            until("it is gone") { client.isLost }
            expect(expectIs<ConnectionAborted>(client.reason).cause === broken) { "the abort names its cause" }
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "one connection's failure leaves the others alone" {
            val echo = peer { onData = { transport.write(it) } }
            val bystander = peer()
            connect(echo, bystander)
            val server = peer { onData = { throw Broken() } }
            val client = peer()
            connect(server, client)
            client.transport.write(pattern(10))
            until("it is gone") { client.isLost }
            bystander.transport.write(pattern(10))
            until("the other one still answers") { bystander.receivedBytes == 10 }
            expectEqual(takeErrors().size, 1, "reported errors")
        }

        "coroutines of a connection end with it, after connectionLost" {
            val server = peer()
            val client = peer()
            connect(server, client)
            var ended: Throwable? = null
            client.transport.scope.launch {
                try {
                    awaitCancellation()
                } catch (e: CancellationException) {
                    ended = e
                    client.note("coroutine ended")
                    throw e
                }
            }
            server.transport.loseConnection()
            until("the coroutine has ended") { ended != null }
            expectEqual(client.story, listOf("made", "lost", "factory told", "coroutine ended"), "what happened, in order")
            expectIs<ConnectionDone>(generateSequence(ended) { it.cause }.last())
            expect(!client.transport.scope.isActive) { "the scope has ended" }
        }

        "a coroutine that fails is reported, and aborts its connection" {
            val broken = Broken()
            val server = peer()
            val client = peer()
            connect(server, client)
            server.transport.scope.launch { throw broken }
            until("both ends are closed") { server.isLost && client.isLost }
            expect(expectIs<ConnectionAborted>(server.reason).cause === broken) { "the abort names its cause" }
            expectEqual(takeErrors(), listOf<Throwable>(broken), "reported errors")
        }

        "coroutines of a connection run on the reactor's thread" {
            val client = peer()
            connect(peer(), client)
            var inside = false
            client.transport.scope
                .launch { inside = reactor.isInReactorThread }
                .join()
            expect(inside) { "it must run on the reactor's thread" }
        }
    }
