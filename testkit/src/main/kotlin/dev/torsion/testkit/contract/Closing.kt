// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.ClosePhase
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import java.util.concurrent.TimeUnit

private val ample = TcpOptions(StreamOptions(writeLimit = 1L shl 30))

/** Connections end once, for a reason that both ends can tell. */
internal val closing: Checks =
    checks {
        "loseConnection sends what was written, then closes" {
            val server = peer()
            val client = peer()
            connect(server, client)
            val data = pattern(5_000_000)
            client.transport.write(data)
            client.transport.loseConnection()
            expect(client.transport.isDisconnecting && !client.isLost) { "it closes later, never inside of the call" }
            until("both ends are closed") { server.isLost && client.isLost }
            expectBytes(server.received, data)
            val ours = expectIs<ConnectionDone>(client.reason)
            expect(ours.by == ClosedBy.US && ours.phase == ClosePhase.CLOSING && ours.isClean) {
                "closed cleanly by us, while closing: $ours"
            }
            val theirs = expectIs<ConnectionDone>(server.reason)
            expect(theirs.by == ClosedBy.PEER && theirs.isClean) { "closed cleanly by the peer: $theirs" }
        }

        "what is written after loseConnection is sent while the connection closes, and ignored once it is gone" {
            val server = peer()
            val client = peer()
            connect(server, client)
            val data = pattern(20)
            client.transport.write(data, 0, 10)
            client.transport.loseConnection()
            client.transport.write(data, 10, 10)
            client.transport.loseConnection()
            until("both ends are closed") { server.isLost && client.isLost }
            client.transport.write(pattern(10))
            expectEqual(client.transport.bufferedBytes, 0L, "bytes waiting on a closed connection")
            expectBytes(server.received, data)
        }

        "what is written while the rest is still to be sent is sent behind it" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            val written = fill(client.transport)
            client.transport.loseConnection()
            roundTrip()
            client.transport.write(pattern(10))
            server.transport.resumeProducing()
            until("both ends are closed") { server.isLost && client.isLost }
            expectEqual(server.receivedBytes, written + 10, "bytes received")
            expectBytes(server.received.takeLast(10).toByteArray(), pattern(10))
        }

        "nothing is received after loseConnection" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            fill(client.transport)
            client.transport.loseConnection()
            server.transport.write(pattern(10))
            roundTrip()
            expectEqual(client.receivedBytes, 0, "bytes received after loseConnection")
            server.transport.resumeProducing()
            until("both ends are closed") { server.isLost && client.isLost }
        }

        "behaviour 33: resumeProducing while closing does not read again (test_resumeProducingWhileDisconnecting)" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            client.transport.pauseProducing()
            fill(client.transport)
            client.transport.loseConnection()
            client.transport.resumeProducing()
            server.transport.write(pattern(10))
            roundTrip()
            expectEqual(client.receivedBytes, 0, "bytes received while closing")
            server.transport.resumeProducing()
            until("both ends are closed") { server.isLost && client.isLost }
        }

        "behaviour 29: close waits for a streaming producer (test_disconnectWhileProducing)" {
            val server = peer()
            val client = peer()
            connect(server, client)
            val producer = NotingProducer(client)
            client.transport.registerProducer(producer, true)
            client.transport.loseConnection()
            roundTrip()
            expect(!client.isLost) { "the producer has not ended yet" }
            client.transport.write(pattern(10))
            client.transport.unregisterProducer()
            until("both ends are closed") { server.isLost && client.isLost }
            expectBytes(server.received, pattern(10))
            expectEqual(producer.told, emptyList<String>(), "what the producer was told")
        }

        for (streaming in listOf(true, false)) {
            "the end of the peer's stream waits for no ${if (streaming) "streaming" else "pull"} producer, which is stopped" {
                val server = peer()
                val client = peer()
                connect(server, client)
                val producer = NotingProducer(server)
                server.transport.registerProducer(producer, streaming)
                client.transport.loseConnection()
                until("both ends are closed") { server.isLost && client.isLost }
                expectEqual(producer.told.filter { it != "resume" }, listOf("stop"), "what the producer was told")
                expectEqual(expectIs<ConnectionDone>(server.reason).by, ClosedBy.PEER, "who closed the server's end")
            }
        }

        "a port forwarder, whose transports are each other's producers, ends with either end" {
            for (isClientFirst in listOf(true, false)) {
                val (client, front, back, server) =
                    List(4) { peer() }.also { (client, front, back, server) ->
                        connect(front, client)
                        connect(server, back)
                    }
                for ((from, to) in listOf(front to back, back to front)) {
                    from.onData = { to.transport.write(it) }
                    from.onLost = { to.transport.loseConnection() }
                    to.transport.registerProducer(from.transport, true)
                }
                client.transport.write(pattern(100_000))
                until("it has passed") { server.receivedBytes == 100_000 }
                (if (isClientFirst) client else server).transport.loseConnection()
                until("all ends are closed") { listOf(client, front, back, server).all { it.isLost } }
            }
        }

        "close that waits for another transport goes on when that one ends, though nobody unregisters it" {
            val server = peer()
            val client = peer()
            connect(server, client)
            val otherServer = peer()
            val other = peer()
            connect(otherServer, other)
            client.transport.registerProducer(other.transport, true)
            client.transport.loseConnection()
            roundTrip()
            expect(!client.isLost) { "the producer goes on" }
            otherServer.transport.abortConnection()
            until("all ends are closed") { listOf(server, client, other, otherServer).all { it.isLost } }
        }

        "the time for closing does not run while there is nothing to send and a producer is waited for" {
            val options = TcpOptions(StreamOptions(writeLimit = 1L shl 30, closeTimeout = java.time.Duration.ofMillis(200)))
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, options)
            val producer = NotingProducer(client)
            client.transport.registerProducer(producer, true)
            fill(client.transport)
            client.transport.loseConnection()
            roundTrip()
            server.transport.resumeProducing()
            until("all is sent") { client.transport.bufferedBytes == 0L && producer.told.last() == "resume" }
            val later = Deferred<Unit>()
            reactor.callLater(1, TimeUnit.SECONDS) { later.callback(Unit) }
            later.await()
            expect(!client.isLost) { "the producer has not ended yet" }
            client.transport.unregisterProducer()
            until("both ends are closed") { server.isLost && client.isLost }
            expectIs<ConnectionDone>(client.reason)
        }

        "behaviour 29: close waits for a pull producer (test_disconnectWhileProducing)" {
            val server = peer()
            val client = peer()
            connect(server, client)
            var left = 10
            val producer =
                NotingProducer(client) {
                    client.transport.write(pattern(1000))
                    if (--left == 0) client.transport.unregisterProducer()
                }
            client.transport.registerProducer(producer, false)
            client.transport.loseConnection()
            until("both ends are closed") { server.isLost && client.isLost }
            expectEqual(server.receivedBytes, 10_000, "bytes of the producer")
        }

        "behaviour 30: abort drops what waits, and is not re-entrant (test_fullWriteBuffer)" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            fill(client.transport)
            val cause = IllegalArgumentException("enough")
            client.note("aborting") {
                client.transport.abortConnection(cause)
                client.transport.abortConnection()
            }
            until("it is gone") { client.isLost }
            expectEqual(client.story, listOf("made", "aborting", "lost", "factory told"), "what the client was told, in order")
            val ours = expectIs<ConnectionAborted>(client.reason)
            expect(ours.cause === cause && ours.by == ClosedBy.US && ours.phase == ClosePhase.OPEN) { "aborted by us: $ours" }
            expect(ours.unsentBytes > 0 && !ours.isClean) { "bytes were left: ${ours.unsentBytes}" }
            server.transport.resumeProducing()
            until("the peer knows") { server.isLost }
        }

        "abort inside of a callback ends the connection after it" {
            val server = peer()
            val client = peer { onData = { transport.abortConnection() } }
            connect(server, client)
            server.transport.write(pattern(10))
            until("both ends are closed") { server.isLost && client.isLost }
            expectEqual(client.story, listOf("made", "lost", "factory told"), "what the client was told, in order")
        }

        "abort while closing" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            fill(client.transport)
            client.transport.loseConnection()
            client.transport.abortConnection()
            until("it is gone") { client.isLost }
            expectEqual(expectIs<ConnectionAborted>(client.reason).phase, ClosePhase.CLOSING, "the phase")
        }

        "behaviour 31: a dead peer is noticed while reading is paused (test_writeAfterShutdownWithoutReading)" {
            val server = peer()
            val client = peer { onMade = { transport.pauseProducing() } }
            connect(server, client, ample)
            server.transport.abortConnection()
            until("the peer is gone") { server.isLost }
            while (!client.isLost) {
                client.transport.write(pattern(1000))
                roundTrip()
            }
            expectIs<ConnectionLost>(client.reason)
        }

        "behaviour 32: the protocol's connectionLost comes before the factory's (test_loseOrder)" {
            val server = peer()
            val client = peer()
            connect(server, client)
            server.transport.loseConnection()
            until("the factory is told") { "factory told" in client.story }
            expectEqual(client.story, listOf("made", "lost", "factory told"), "what the client was told, in order")
        }

        "both ends may close at once, and each hears of it once" {
            val server = peer()
            val client = peer()
            connect(server, client)
            server.transport.loseConnection()
            client.transport.loseConnection()
            until("both ends are closed") { server.isLost && client.isLost }
            client.transport.abortConnection()
            server.transport.loseConnection()
            roundTrip()
            expectEqual(server.story, listOf("made", "lost"), "what the server was told")
            expectEqual(client.story, listOf("made", "lost", "factory told"), "what the client was told")
        }

        "a peer that takes nothing holds a closing connection only for so long" {
            val options = TcpOptions(StreamOptions(writeLimit = 1L shl 30, closeTimeout = java.time.Duration.ofMillis(200)))
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, options)
            fill(client.transport)
            client.transport.write(ByteArray(MUCH)) // a channel that was only slow has room, but not for so much
            client.transport.loseConnection()
            until("it is gone") { client.isLost }
            val reason = expectIs<ConnectionLost>(client.reason)
            expect(reason.phase == ClosePhase.CLOSING && reason.unsentBytes > 0) { "cut while closing, with bytes left: $reason" }
        }

        "isDisconnecting and isConnected tell the state" {
            val client = peer()
            val server = peer()
            connect(server, client)
            expect(!client.transport.isDisconnecting && client.isConnected) { "it is open" }
            client.transport.stopProducing() // the same as loseConnection
            expect(client.transport.isDisconnecting && client.isConnected) { "it is closing" }
            until("both ends are closed") { server.isLost && client.isLost }
            expect(client.transport.isDisconnecting && !client.isConnected) { "it is gone" }
        }

        "calls on a connection that is gone do nothing" {
            val server = peer()
            val client = peer()
            connect(server, client)
            client.transport.loseConnection()
            until("both ends are closed") { server.isLost && client.isLost }
            client.transport.pauseProducing()
            client.transport.resumeProducing()
            client.transport.unregisterProducer()
            client.halves.loseWriteConnection()
            expectThrows<ConnectionDone> { client.transport.whenWritable().await() }
            "${client.transport}".length
            expectEqual(client.story, listOf("made", "lost", "factory told"), "what the client was told")
        }
    }

/** An abort can be told from an end. */
internal val resetting: Checks =
    checks {
        "behaviour 30: the peer of an abort sees a loss (test_fullWriteBuffer)" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            fill(client.transport)
            client.transport.abortConnection()
            until("it is gone") { client.isLost }
            server.transport.resumeProducing()
            until("the peer knows") { server.isLost }
            val theirs = expectIs<ConnectionLost>(server.reason)
            expectEqual(theirs.by, ClosedBy.PEER, "who broke the server's connection")
        }
    }

/** Each half of a connection can end alone. */
internal val halfClosing: Checks =
    checks {
        "a half-closed connection still receives" {
            val server = halfPeer()
            val client = halfPeer()
            connect(server, client)
            client.transport.write(pattern(10))
            client.halves.loseWriteConnection()
            client.halves.loseWriteConnection()
            client.transport.write(pattern(10))
            until("both know of the half") { "write lost" in client.story && "read lost" in server.story }
            expectBytes(server.received, pattern(10))
            server.transport.write(pattern(1000))
            until("the answer has arrived") { client.receivedBytes == 1000 }
            expect(!server.isLost && !client.isLost) { "the connection is not at its end" }
            server.transport.loseConnection()
            until("the client knows of the other half") { "read lost" in client.story }
            client.transport.loseConnection()
            until("both ends are closed") { server.isLost && client.isLost }
            expectEqual(client.story, listOf("made", "write lost", "read lost", "lost", "factory told"), "what the client was told")
            expectEqual(server.story, listOf("made", "read lost", "lost"), "what the server was told")
        }

        "a connection whose halves are both closed waits for its protocol, and then ends cleanly" {
            val server = halfPeer()
            val client = halfPeer()
            connect(server, client)
            client.halves.loseWriteConnection()
            until("the server knows") { "read lost" in server.story }
            server.halves.loseWriteConnection()
            until("both know of both halves") { "read lost" in client.story && "write lost" in server.story }
            expect(!server.isLost && !client.isLost) { "the connection is not at its end" }
            server.transport.loseConnection()
            client.transport.loseConnection()
            until("both ends are closed") { server.isLost && client.isLost }
            expect(expectIs<ConnectionDone>(server.reason).isClean && expectIs<ConnectionDone>(client.reason).isClean) {
                "both ends are clean"
            }
        }

        "the half is closed only after what was written" {
            val server = halfPeer { onMade = { transport.pauseProducing() } }
            val client = halfPeer()
            connect(server, client, ample)
            val written = fill(client.transport)
            client.halves.loseWriteConnection()
            roundTrip()
            expect("write lost" !in client.story) { "there is still something to send" }
            server.transport.resumeProducing()
            until("both know of the half") { "write lost" in client.story && "read lost" in server.story }
            expectEqual(server.receivedBytes, written, "bytes before the end of the half")
        }

        "the half is closed only after what its producer writes" {
            for (streaming in listOf(true, false)) {
                val server = halfPeer()
                val client = halfPeer()
                connect(server, client)
                val producer = NotingProducer(client)
                client.transport.registerProducer(producer, streaming)
                client.halves.loseWriteConnection()
                roundTrip()
                expect("write lost" !in client.story) { "the producer has not ended" }
                client.transport.write(pattern(10))
                client.transport.unregisterProducer()
                client.transport.write(pattern(10))
                until("both know of the half") { "write lost" in client.story && "read lost" in server.story }
                expectBytes(server.received, pattern(10))
            }
        }

        "the half does not wait for another transport that is its producer" {
            val server = halfPeer()
            val client = halfPeer()
            connect(server, client)
            val other = peer()
            connect(peer(), other)
            client.transport.registerProducer(other.transport, true)
            client.halves.loseWriteConnection()
            until("both know of the half") { "write lost" in client.story && "read lost" in server.story }
            expect(!client.isLost && !other.isLost) { "both connections are there" }
        }

        "the end of the peer's stream closes the connection after what was to be answered" {
            val server = peer { onData = { transport.write(it) } }
            val client = halfPeer()
            connect(server, client)
            val data = pattern(2_000_000)
            client.transport.write(data)
            client.halves.loseWriteConnection()
            until("the server has closed") { server.isLost && "read lost" in client.story }
            expectBytes(client.received, data)
            expectEqual(expectIs<ConnectionDone>(server.reason).by, ClosedBy.PEER, "who closed the server's end")
        }

        "close does not wait for a transport that is its own producer" {
            val server =
                peer {
                    onMade = { transport.registerProducer(transport, true) }
                    onData = { transport.write(it) }
                }
            val client = halfPeer()
            connect(server, client)
            val data = pattern(2_000_000)
            client.transport.write(data)
            client.halves.loseWriteConnection()
            until("the server has closed") { server.isLost && "read lost" in client.story }
            expectBytes(client.received, data)
        }
    }

/** The operating system keeps some megabytes for a peer that does not read. */
private const val MUCH = 16 shl 20
