// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.Socket
import java.net.SocketException
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

private const val BUSY = 4
private const val QUESTIONS = 100

/** Connections that never stop sending must not keep others waiting. */
class FairnessSpec :
    StringSpec({
        class Echo : Protocol() {
            override fun dataReceived(view: ByteBuffer) = transport.write(view)
        }

        /** Never has enough, and answers nothing. */
        class Hole : Protocol() {
            override fun dataReceived(view: ByteBuffer) {}
        }

        fun flood(port: Int) = Socket("127.0.0.1", port).also { socket ->
            thread(isDaemon = true) {
                val bytes = ByteArray(1 shl 20)
                try {
                    while (true) socket.getOutputStream().write(bytes)
                } catch (_: SocketException) {
                    // The test is over.
                }
            }
        }

        "a quiet connection gets its answers while others flood the loop" {
            withReactor { reactor ->
                fun listen(make: () -> Protocol) = reactor.onLoop { reactor.listenTcp(0, Factory { make() }, "127.0.0.1") }.port()
                val floods = listen { Hole() }.let { port -> List(BUSY) { flood(port) } }
                Socket("127.0.0.1", listen { Echo() }).use { quiet ->
                    quiet.soTimeout = TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS).toInt()
                    repeat(QUESTIONS) {
                        quiet.getOutputStream().write(it)
                        quiet.getInputStream().read() shouldBe it
                    }
                }
                floods.forEach(Socket::close)
            }
        }
    })
