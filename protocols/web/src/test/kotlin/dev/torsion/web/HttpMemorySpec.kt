// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import com.sun.management.ThreadMXBean
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.Factory
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import kotlin.random.Random

/** Memory and copies follow the number of bytes, and not the pieces that a client chooses. */
class HttpMemorySpec :
    FunSpec({
        fun allocating(block: () -> Unit): Long {
            val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
            val before = threads.currentThreadAllocatedBytes
            block()
            return threads.currentThreadAllocatedBytes - before
        }

        test("a body of many small chunks that nobody reads is kept in few pieces") {
            val go = Deferred<Unit>()
            scene(handler = {
                go.await()
                var pieces = 0
                var bytes = 0
                while (true) {
                    bytes += (it.body.read() ?: break).size
                    pieces++
                }
                pieces shouldBeLessThan 50
                Response.text("$bytes bytes")
            }) {
                val client = connect()
                client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                repeat(10) { client.send("1\r\na\r\n".repeat(5000)) }
                client.send("0\r\n\r\n")
                reactor.flush()
                go.callback(Unit)
                reactor.flush()
                client.got() shouldContain "50000 bytes"
            }
        }

        test("pieces keep their order, whatever their sizes, also when one is given back") {
            for (seed in 1..50) {
                val random = Random(seed)
                val pieces = Pieces()
                val put = ArrayList<Byte>()
                val got = ArrayList<Byte>()
                repeat(200) {
                    if (random.nextInt(3) > 0) {
                        val piece = random.nextBytes(if (random.nextInt(5) == 0) random.nextInt(1, 10_000) else random.nextInt(1, 300))
                        put.addAll(piece.toList())
                        pieces.addLast(piece)
                    } else {
                        val piece = pieces.removeFirstOrNull()
                        if (piece != null) if (random.nextBoolean()) pieces.addFirst(piece) else got.addAll(piece.toList())
                    }
                    pieces.size shouldBe put.size - got.size
                }
                while (true) got.addAll((pieces.removeFirstOrNull() ?: break).toList())
                got shouldBe put
                pieces.isEmpty() shouldBe true
            }
        }

        test("bytes that are sent ahead in many small pieces are not copied for each") {
            val held = HeldBytes()
            val one = ByteBuffer.wrap(byteArrayOf(1))
            allocating {
                repeat(64 * 1024) {
                    one.clear()
                    held.add(one)
                }
            } shouldBeLessThan 1_000_000
            held.remaining shouldBe 64 * 1024
        }

        test("bytes that are sent ahead keep their order, while some are taken and more come") {
            for (seed in 1..50) {
                val random = Random(seed)
                val held = HeldBytes()
                val put = ArrayList<Byte>()
                val got = ArrayList<Byte>()
                repeat(300) {
                    val bytes = random.nextBytes(random.nextInt(1, 200))
                    put.addAll(bytes.toList())
                    held.add(ByteBuffer.wrap(bytes).asReadOnlyBuffer())
                    val taken = held.take()!!
                    repeat(random.nextInt(minOf(taken.remaining(), 300) + 1)) { got.add(taken.get()) }
                    if (taken.hasRemaining()) held.putBack(taken)
                    held.remaining shouldBe put.size - got.size
                }
                held.take()?.let { while (it.hasRemaining()) got.add(it.get()) }
                got shouldBe put
            }
        }

        test("no more is received than may be held") {
            scene(handler = { awaitCancellation() }) {
                lateinit var connection: ServerConnection
                val client = connect(reactor.listenTcp(0, Factory { ServerConnection(site).also { connection = it } }, "127.0.0.1"))
                client.ask(get("/"))
                connection.receiveLimit() shouldBe 64 * 1024
                client.ask("x".repeat(40_000))
                connection.receiveLimit() shouldBe 64 * 1024 - 40_000
            }
        }

        test("requests that are sent ahead are not copied for each of them") {
            val count = 2600
            scene(handler = {
                delay(1)
                Response.of(204)
            }) {
                val client = connect()
                client.send("GET / HTTP/1.1\r\nHost:\r\n\r\n".repeat(count))
                allocating { pass(10) } shouldBeLessThan 110_000_000
                client.got().split("HTTP/1.1 204").size - 1 shouldBe count
            }
        }
    })
