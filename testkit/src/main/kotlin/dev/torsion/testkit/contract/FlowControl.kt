// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Producer
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.Transport
import dev.torsion.net.WriteLimitExceededException

private const val PIECE = 64 * 1024
private const val ENOUGH_LOOKS = 5
private const val ENDLESS = 1000

/** Writes until the transport is full; how many bytes that took. More than any buffer of a system is an error. */
internal suspend fun Scene.fill(transport: Transport): Int {
    var written = 0
    var looks = 0 // at which nothing had moved
    var before = 0L
    while (looks < ENOUGH_LOOKS && !transport.isDisconnecting) {
        if (transport.isWritable) {
            looks = 0
            transport.write(pattern(PIECE))
            written += PIECE
            turn()
        } else {
            roundTrip() // a channel that sends on another thread may only have been slow
            if (transport.bufferedBytes == before) looks++ else looks = 0
            before = transport.bufferedBytes
        }
        expect(written < 256 * 1024 * 1024) { "$transport never becomes full, although its peer does not read" }
    }
    return written
}

/** Writes to [transport] for as long as it is not paused, and aborts the connection in the middle of that. */
private class UntilPaused(private val transport: Transport) : Producer {
    val told = ArrayList<String>()
    private var isPaused = false

    override fun resumeProducing() {
        told += "resume"
        isPaused = false
        transport.abortConnection()
        var pieces = 0
        while (!isPaused && pieces++ < ENDLESS) transport.write(pattern(1))
    }

    override fun pauseProducing() {
        told += "pause"
        isPaused = true
    }

    override fun stopProducing() {
        told += "stop"
    }
}

private val ample = TcpOptions(StreamOptions(writeLimit = 1L shl 30))

/** Slow readers slow writers down, and nothing is lost by it. */
internal val flowControl: Checks =
    checks {
        "a paused transport reads nothing, and goes on where it was" {
            val server = peer()
            val client = peer()
            connect(server, client)
            server.transport.pauseProducing()
            client.transport.write(pattern(1000))
            roundTrip()
            expectEqual(server.receivedBytes, 0, "bytes received while paused")
            server.transport.resumeProducing()
            until("all has arrived") { server.receivedBytes == 1000 }
            expectBytes(server.received, pattern(1000))
        }

        "pausing inside of dataReceived stops the next piece" {
            val server = peer { onData = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client)
            val data = pattern(300_000)
            client.transport.write(data)
            var before = 0
            while (server.receivedBytes < data.size) {
                until("a piece has arrived") { server.receivedBytes > before }
                before = server.receivedBytes
                turn()
                expectEqual(server.receivedBytes, before, "bytes received while paused")
                server.transport.resumeProducing()
            }
            expectBytes(server.received, data)
        }

        "a long write waits for its reader, and arrives whole" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            var written = fill(client.transport)
            do { // at least once; a queue that was full before may stand between its two marks now
                client.transport.write(pattern(PIECE))
                written += PIECE
            } while (client.transport.bufferedBytes <= StreamOptions.DEFAULT.highWaterMark)
            val writable = client.transport.whenWritable()
            expect(!writable.called) { "it is not writable yet" }
            server.transport.resumeProducing()
            writable.await()
            expect(client.transport.isWritable) { "whenWritable has fired" }
            expect(client.transport.bufferedBytes <= StreamOptions.DEFAULT.lowWaterMark) {
                "the queue must have drained to the low-water mark"
            }
            until("all has arrived") { server.receivedBytes == written }
            val piece = pattern(PIECE)
            server.received.asList().chunked(PIECE).forEach { expectBytes(it.toByteArray(), piece) }
            expectEqual(client.transport.bufferedBytes, 0L, "bytes left in the queue")
        }

        "what a producer that is paused writes to another connection arrives there, and nothing else" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            val otherServer = peer()
            val other = peer()
            connect(otherServer, other)
            val elsewhere = pattern(11)
            val producer =
                object : Producer {
                    override fun pauseProducing() {
                        if (!client.transport.isDisconnecting) other.transport.write(elsewhere)
                    }

                    override fun resumeProducing() {}

                    override fun stopProducing() {}
                }
            client.transport.registerProducer(producer, true)
            var written = 0
            while (client.transport.isWritable) {
                repeat(13) { client.transport.write(pattern(10_000)) } // more than is gathered at once
                written += 130_000
                turn()
            }
            until("the other connection has it") { otherServer.receivedBytes > 0 }
            server.transport.resumeProducing()
            until("all has arrived") { server.receivedBytes == written }
            expect(otherServer.receivedBytes % elsewhere.size == 0) { "${otherServer.receivedBytes} bytes on the other connection" }
            otherServer.received.asList().chunked(elsewhere.size).forEach { expectBytes(it.toByteArray(), elsewhere) }
            val piece = pattern(10_000)
            server.received.asList().chunked(piece.size).forEach { expectBytes(it.toByteArray(), piece) }
        }

        "whenWritable fires at once on an empty queue, and a cancelled one only stops waiting" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            expect(client.transport.whenWritable().called) { "the queue is empty" }
            fill(client.transport)
            val cancelled = client.transport.whenWritable().addErrback { }
            val waiting = client.transport.whenWritable()
            cancelled.cancel()
            server.transport.resumeProducing()
            waiting.await()
            expect(!client.isLost && cancelled.called) { "cancelling must end the waiting and nothing else" }
        }

        "whenWritable fails when the connection ends" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            fill(client.transport)
            val waiting = client.transport.whenWritable()
            client.transport.abortConnection()
            expectThrows<ConnectionAborted> { waiting.await() }
            until("it is gone") { client.isLost }
            expectThrows<ConnectionAborted> { client.transport.whenWritable().await() }
        }

        "a connection that is aborted takes nothing more: it is not writable, and whenWritable waits for its end" {
            val client = peer()
            connect(peer(), client)
            client.transport.abortConnection()
            expect(client.isLost || !client.transport.isWritable) { "one that writes until it has to wait would never end" }
            expectThrows<ConnectionAborted> { client.transport.whenWritable().await() }
            until("it is gone") { client.isLost }
        }

        "one that is told of room and goes on until there is none does not hold the loop when its connection breaks in the middle of that" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            fill(client.transport)
            var told = 0

            fun goOn() {
                client.transport.whenWritable().addCallbacks({
                    client.transport.abortConnection() // as one that the operating system reports to be broken
                    client.transport.write(pattern(1))
                    if (++told < ENDLESS) goOn()
                }) { }
            }
            goOn()
            val other = client.transport.whenWritable()
            server.transport.resumeProducing()
            expectThrows<ConnectionAborted> { other.await() }
            expectEqual(told, 1, "how often it was told of room")
        }

        "a streaming producer that goes on until it is paused does not hold the loop when its connection breaks in the middle of that" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            fill(client.transport)
            val producer = UntilPaused(client.transport)
            client.transport.registerProducer(producer, true)
            server.transport.resumeProducing()
            until("it is gone") { client.isLost }
            expectEqual(producer.told, listOf("pause", "resume", "pause", "stop"), "what it was told")
        }

        "a connection is not writable once it has sent all and ends, nor when it is gone" {
            val client = peer()
            connect(peer(), client)
            client.transport.write(pattern(PIECE))
            client.transport.loseConnection()
            while (!client.isLost) {
                if (client.transport.bufferedBytes > 0) {
                    roundTrip()
                    continue
                }
                turn()
                expect(client.isLost || !client.transport.isWritable) { "one that writes until it has to wait would never end" }
                if (!client.isLost) expect(!isToldOfRoom(client.transport)) { "nobody is told of room meanwhile" }
            }
            expect(!client.transport.isWritable) { "nobody may go on with a connection that is gone" }
        }

        "an end of the output leaves no room, but tells those who wait that the rest is sent" {
            val server = halfPeer { onMade = { transport.pauseProducing() } }
            val client = halfPeer()
            connect(server, client, ample)
            val transport = client.transport
            if (transport is HalfCloseableTransport) {
                fill(transport)
                val waiting = transport.whenWritable()
                transport.loseWriteConnection()
                expect(!transport.isWritable) { "one that writes until it has to wait would never end" }
                val late = transport.whenWritable()
                server.transport.resumeProducing()
                waiting.await()
                late.await()
                expect(!isToldOfRoom(transport)) { "there is no room" }
            }
        }

        "a streaming producer is paused when the queue is long, and resumed when it has drained" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            val producer = NotingProducer(client)
            client.transport.registerProducer(producer, true)
            expectEqual(producer.told, emptyList<String>(), "what the producer was told at first")
            fill(client.transport)
            client.transport.write(pattern(PIECE))
            // A channel that sends on another thread may have drained the queue once or twice meanwhile.
            expectEqual(producer.told, inTurn(producer.told.size), "what the producer was told when the queue was long")
            expectEqual(producer.told.last(), "pause", "what the producer was told last when the queue was long")
            server.transport.resumeProducing()
            until("the producer is resumed") { producer.told.last() == "resume" }
            expectEqual(producer.told, inTurn(producer.told.size), "what the producer was told")
        }

        "a streaming producer that comes when the queue is long is paused at once" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            fill(client.transport)
            val producer = NotingProducer(client)
            client.transport.registerProducer(producer, true)
            expectEqual(producer.told, listOf("pause"), "what the producer was told")
        }

        "a pull producer is asked piece by piece" {
            val server = peer()
            val client = peer()
            connect(server, client)
            var left = 40
            val producer =
                NotingProducer(client) {
                    client.transport.write(pattern(10_000))
                    if (--left == 0) client.transport.unregisterProducer()
                }
            client.transport.registerProducer(producer, false)
            until("all has arrived") { server.receivedBytes == 400_000 }
            turn()
            expectEqual(producer.told, List(40) { "resume" }, "what the producer was told")
            expectBytes(server.received, List(40) { pattern(10_000) }.reduce(ByteArray::plus))
        }

        "a pull producer that has nothing yet is asked again" {
            val server = peer()
            val client = peer()
            connect(server, client)
            var asked = 0
            val producer =
                NotingProducer(client) {
                    if (++asked == 5) {
                        client.transport.write(pattern(10))
                        client.transport.unregisterProducer()
                    }
                }
            client.transport.registerProducer(producer, false)
            until("its piece has arrived") { server.receivedBytes == 10 }
        }

        "a pull producer waits for a slow reader" {
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, ample)
            val written = fill(client.transport)
            val producer = NotingProducer(client)
            client.transport.registerProducer(producer, false)
            roundTrip()
            expectEqual(producer.told, listOf("resume"), "what the producer was told while nobody reads")
            server.transport.resumeProducing()
            until("it is asked for more") { producer.told.size > 1 }
            until("all has arrived") { server.receivedBytes == written }
            client.transport.unregisterProducer()
        }

        "a second producer is refused, another one after the first is welcome" {
            val client = peer()
            connect(peer(), client)
            val first = NotingProducer(client)
            client.transport.registerProducer(first, true)
            expectThrows<IllegalStateException> { client.transport.registerProducer(NotingProducer(client), true) }
            client.transport.unregisterProducer()
            client.transport.registerProducer(NotingProducer(client), true)
            expectEqual(first.told, emptyList<String>(), "what the first producer was told")
        }

        "a producer is stopped when the connection is gone, and one that comes later at once" {
            val client = peer()
            connect(peer(), client)
            val producer = NotingProducer(client)
            client.transport.registerProducer(producer, true)
            client.transport.abortConnection()
            until("it is gone") { client.isLost }
            expectEqual(producer.told, listOf("stop"), "what the producer was told")
            val late = NotingProducer(client)
            client.transport.registerProducer(late, true)
            expectEqual(late.told, listOf("stop"), "what the late producer was told")
        }

        "a reader that never reads ends the connection at the write limit" {
            val options = TcpOptions(StreamOptions(highWaterMark = 1000, lowWaterMark = 100, writeLimit = 200_000))
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, options)
            val end = Deferred<Unit>()
            client.onLost = { end.callback(Unit) }
            var written = 0L
            while (!client.isLost) {
                client.transport.write(pattern(PIECE))
                written += PIECE
                turn()
                expect(written < 256 * 1024 * 1024) { "the limit is never reached" }
            }
            end.await()
            val cause = expectIs<WriteLimitExceededException>(expectIs<ConnectionAborted>(client.reason).cause)
            expectEqual(cause.limit, options.stream.writeLimit, "the limit in the error")
        }

        "one write may be larger than the write limit, and arrives whole with what belongs to it" {
            val options = TcpOptions(StreamOptions(highWaterMark = 1000, lowWaterMark = 100, writeLimit = 200_000))
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, options)
            val data = pattern(9_000_003)
            client.transport.write(data, 0, 1)
            client.transport.write(data, 1, 9_000_000)
            client.transport.write(data, 9_000_001, 2)
            turn()
            server.transport.resumeProducing()
            until("all has arrived") { server.receivedBytes == data.size || client.isLost }
            expectBytes(server.received, data)
        }

        "a second write that is larger than the limit has to wait for the first" {
            val options = TcpOptions(StreamOptions(highWaterMark = 1000, lowWaterMark = 100, writeLimit = 200_000))
            val server = peer { onMade = { transport.pauseProducing() } }
            val client = peer()
            connect(server, client, options)
            client.transport.write(pattern(9_000_000))
            client.transport.write(pattern(9_000_000))
            until("it is gone") { client.isLost }
            expectIs<WriteLimitExceededException>(expectIs<ConnectionAborted>(client.reason).cause)
        }
    }

/** Whether one that asks for room has it at once. One that waits hears of the end, which is nobody's error. */
private fun isToldOfRoom(transport: Transport): Boolean {
    val room = transport.whenWritable()
    val isTold = room.called
    room.addErrback { }
    return isTold
}

private fun inTurn(count: Int) = List(count) { if (it % 2 == 0) "pause" else "resume" }
