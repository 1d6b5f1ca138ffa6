// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.await
import dev.torsion.reactor.Reactor
import dev.torsion.testsupport.withRealReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.yield
import java.net.Socket

/** Connections on real sockets, with plain blocking sockets as the other side. */
class SocketsSpec :
    StringSpec({
        suspend fun Reactor.upperCaseServer() = serve("tcp:0:interface=127.0.0.1", LineCodec()) { connection ->
            for (line in connection.incoming) connection.send(line.uppercase())
        }.await()

        /** Sends [bytes], ends its side as `nc -N` does, and gives all that comes back. */
        fun exchange(port: Int, bytes: ByteArray): ByteArray = Socket("127.0.0.1", port).use { socket ->
            socket.soTimeout = 10_000
            socket.getOutputStream().write(bytes)
            socket.shutdownOutput()
            socket.getInputStream().readAllBytes()
        }

        "one that sends, ends its side and waits gets all its answers" {
            withRealReactor {
                val port = upperCaseServer().port()
                val lines = List(50_000) { "line number $it" }
                val answer = deferToThread { exchange(port, lines.joinToString("\n", postfix = "\n").encodeToByteArray()) }.await()
                answer.decodeToString() shouldBe lines.joinToString("\r\n", postfix = "\r\n").uppercase()
            }
        }

        "a peer that does not read slows the handler down, and gets everything when it does" {
            withRealReactor {
                var sent = 0
                val port =
                    serve("tcp:0:interface=127.0.0.1", Int32Codec()) { connection ->
                        repeat(1000) {
                            connection.send(ByteArray(50_000))
                            sent++
                        }
                    }.await().port()
                val socket = deferToThread { Socket("127.0.0.1", port) }.await()
                while (sent == 0) yield()
                // The kernel takes some MB; 50 MB it does not.
                (sent < 1000) shouldBe true
                deferToThread { socket.use { it.getInputStream().readAllBytes().size } }.await() shouldBe 1000 * 50_004
                sent shouldBe 1000
            }
        }

        "a bad frame ends its connection and no other, and the reactor lives" {
            withRealReactor {
                var server: MessageConnection<ByteArray>? = null
                val port =
                    serve("tcp:0:interface=127.0.0.1", Int32Codec()) { connection ->
                        server = connection
                        for (message in connection.incoming) connection.send(message)
                    }.await()
                val good = connect(port.endpoint, Int32Codec())
                good.request(bytes("01")).await().toHexString() shouldBe "01"
                val bad = connect(port.endpoint, RawCodec())
                bad.send(bytes("7f000000"))
                bad.whenClosed().await().isClean shouldBe false
                server!!.closeReason!!.cause.shouldBeInstanceOf<FrameTooLongException>().limit shouldBe 99_999
                good.request(bytes("02")).await().toHexString() shouldBe "02"
                good.close()
            }
        }

        "the handler runs on the reactor's thread" {
            withRealReactor {
                val reactorThread = Thread.currentThread()
                val threads = HashSet<Thread>()
                val port =
                    serve("tcp:0:interface=127.0.0.1", LineCodec()) { connection ->
                        for (line in connection.incoming) {
                            threads.add(Thread.currentThread())
                            connection.send(line)
                        }
                    }.await()
                val client = connect(port.endpoint, LineCodec())
                repeat(10) { client.request("$it").await() }
                client.close()
                threads.single() shouldBeSameInstanceAs reactorThread
            }
        }
    })
