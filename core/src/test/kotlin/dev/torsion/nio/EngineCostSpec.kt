// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import com.sun.management.ThreadMXBean
import dev.torsion.net.Protocol
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture

class EngineCostSpec :
    StringSpec({
        "the engine allocates nothing for a message: reading, echoing and sending it" {
            withReactor { reactor ->
                val echo =
                    object : Protocol() {
                        override fun dataReceived(view: ByteBuffer) = transport.write(view)
                    }
                reactor.listen { echo }.connect().use { socket ->
                    val message = ByteArray(64) { it.toByte() }
                    val answer = ByteArray(64)

                    fun rounds(count: Int) = repeat(count) {
                        socket.getOutputStream().write(message)
                        socket.getInputStream().readNBytes(answer, 0, answer.size)
                    }
                    val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
                    val loop = reactor.onLoop { Thread.currentThread() }

                    @Suppress("DEPRECATION")
                    fun allocated() = threads.getThreadAllocatedBytes(loop.id)
                    rounds(5_000)
                    val before = allocated()
                    rounds(20_000)
                    val perMessage = (allocated() - before) / 20_000.0
                    answer.contentEquals(message) shouldBe true
                    perMessage shouldBeLessThan 1.0
                }
            }
        }

        "one busy connection does not starve another" {
            withReactor { reactor ->
                val port =
                    reactor.listen {
                        object : Protocol() {
                            override fun dataReceived(view: ByteBuffer) = transport.write(view)
                        }
                    }
                // The busy one is on the same loop: it writes as fast as its own echo comes back, without end.
                val flood = ByteArray(256 * 1024)
                val flooding = CompletableFuture<Unit>()
                var rounds = 0
                val busy =
                    Scripted(made = { transport.write(flood) }, received = {
                        transport.write(it)
                        if (++rounds == 100) flooding.complete(Unit)
                    })
                reactor.onLoop { reactor.connectTcp("127.0.0.1", port.port(), dev.torsion.net.ClientFactory { busy }) }
                flooding.getOrFail()
                port.connect().use { quiet ->
                    val roundsBefore = reactor.onLoop { rounds }
                    repeat(200) {
                        quiet.getOutputStream().write(it)
                        quiet.getInputStream().read() shouldBe it
                    }
                    // Both made progress: each echo of the quiet one cost it a bounded number of the busy one's turns.
                    val busyRounds = reactor.onLoop { rounds } - roundsBefore
                    busyRounds shouldBeLessThan 200 * 64
                }
            }
        }
    })
