// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.contract

import dev.torsion.net.WrongThreadException
import java.nio.ByteBuffer
import java.nio.ReadOnlyBufferException
import kotlin.concurrent.thread

/** Bytes go through, whole and in order. */
internal val writing: Checks =
    checks {
        "what is written arrives and is answered" {
            val server = peer { onData = { transport.write(it) } }
            val client = peer()
            connect(server, client)
            val data = pattern(100_000)
            client.transport.write(data)
            until("all was echoed") { client.receivedBytes == data.size }
            expectBytes(client.received, data)
        }

        "small writes of one turn arrive in order" {
            val server = peer()
            val client = peer()
            connect(server, client)
            val data = pattern(5000)
            data.forEach { client.transport.write(byteArrayOf(it)) }
            until("all has arrived") { server.receivedBytes == data.size }
            expectBytes(server.received, data)
        }

        "what connectionMade writes arrives" {
            val server = peer { onMade = { transport.write(pattern(10)) } }
            val client = peer { onMade = { transport.write(pattern(20)) } }
            connect(server, client)
            until("both have heard") { server.receivedBytes == 20 && client.receivedBytes == 10 }
        }

        "an array and a buffer are the caller's again after the call" {
            val server = peer()
            val client = peer()
            connect(server, client)
            val array = pattern(100)
            val buffer = ByteBuffer.wrap(pattern(100))
            val large = ByteBuffer.allocateDirect(300_000).put(pattern(300_000)).flip()
            client.transport.write(array)
            client.transport.write(buffer)
            client.transport.write(large)
            array.fill(0)
            buffer.array().fill(0)
            expect(!buffer.hasRemaining() && !large.hasRemaining()) { "a buffer must be read to its end" }
            large.clear().put(ByteArray(300_000))
            until("all has arrived") { server.receivedBytes == 300_200 }
            expectBytes(server.received, pattern(100) + pattern(100) + pattern(300_000))
        }

        "part of an array, and a sequence" {
            val server = peer()
            val client = peer()
            connect(server, client)
            client.transport.write(byteArrayOf(1, 2, 3, 4), 1, 2)
            client.transport.writeSequence(listOf(byteArrayOf(5), byteArrayOf(), byteArrayOf(6, 7)))
            expectThrows<IndexOutOfBoundsException> { client.transport.write(byteArrayOf(1), 0, 2) }
            until("all has arrived") { server.receivedBytes == 5 }
            expectBytes(server.received, byteArrayOf(2, 3, 5, 6, 7))
        }

        "the view that a protocol gets is read-only" {
            var refused = false
            var size = 0
            val looking =
                object : Peer({ happened() }) {
                    override fun dataReceived(view: ByteBuffer) {
                        size += view.remaining()
                        refused = view.isReadOnly && runCatching { view.put(0, 1) }.exceptionOrNull() is ReadOnlyBufferException
                        super.dataReceived(view)
                    }
                }
            val client = peer()
            connect(looking, client)
            client.transport.write(pattern(10))
            until("all has arrived") { size == 10 }
            expect(refused) { "the view must be read-only" }
        }

        "both ends know each other's addresses" {
            val server = peer()
            val client = peer()
            connect(server, client)
            expectEqual(client.transport.peer(), server.transport.host(), "the client's peer")
            expectEqual(server.transport.peer(), client.transport.host(), "the server's peer")
            listOf(client.transport.host(), client.transport.peer()).forEach {
                expect("$it" in "${client.transport}") { "${client.transport} must name $it" }
            }
        }

        "another thread is refused" {
            val client = peer()
            connect(peer(), client)
            val transport = client.transport
            val attempts: List<() -> Unit> =
                listOf(
                    { transport.write(byteArrayOf(1)) },
                    { transport.loseConnection() },
                    { transport.abortConnection() },
                    { transport.pauseProducing() },
                    { transport.whenWritable() },
                )
            val refused = ArrayList<Throwable?>()
            thread { attempts.mapTo(refused) { runCatching(it).exceptionOrNull() } }.join()
            expect(refused.all { it is WrongThreadException }) { "each must be refused, but they ended with $refused" }
            expect(!transport.isDisconnecting) { "a refused call must have no effect" }
        }

        "a factory without a protocol closes the connection" {
            val client = peer()
            connectToNobody(client)
            until("the client is told") { client.isLost }
        }
    }

/** The options of a socket. */
internal val socketOptions: Checks =
    checks {
        "socket options can be changed" {
            val client = peer()
            connect(peer(), client)
            expect(client.tcp.tcpNoDelay) { "Nagle's algorithm is off unless asked for" }
            client.tcp.tcpNoDelay = false
            client.tcp.tcpKeepAlive = true
            expect(!client.tcp.tcpNoDelay && client.tcp.tcpKeepAlive) { "the options must be what was set" }
        }
    }
