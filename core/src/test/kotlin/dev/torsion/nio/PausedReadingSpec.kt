// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.ConnectionLost
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.CompletableFuture

/** A selector shows no break of a connection whose reading is paused: the operations of the connection do. */
class PausedReadingSpec :
    StringSpec({
        /** Our end of a connection whose reading is paused, and whose peer has reset it. */
        fun Reactor.pausedAndReset(): Scripted {
            val made = CompletableFuture<Scripted>()
            val port = listen {
                Scripted(made = {
                    transport.pauseProducing()
                    made.complete(this)
                })
            }
            port.connect().use {
                made.getOrFail()
                it.setSoLinger(true, 0)
            }
            return made.getOrFail()
        }

        fun Reactor.turns() = repeat(20) { onLoop {} }

        "a reset while reading is paused is not seen before reading goes on" {
            withReactor { reactor ->
                val paused = reactor.pausedAndReset()
                reactor.turns()
                paused.lost.isDone shouldBe false
                reactor.onLoop { paused.transport.resumeProducing() }
                paused.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
            }
        }

        "nor before something is written, such as a heartbeat" {
            withReactor { reactor ->
                val paused = reactor.pausedAndReset()
                reactor.turns()
                paused.lost.isDone shouldBe false
                reactor.onLoop { paused.transport.write(byteArrayOf(1)) }
                paused.lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
            }
        }

        "a connection whose output waits sees it without either" {
            withReactor { reactor ->
                val made = CompletableFuture<Scripted>()
                val port = reactor.listen {
                    Scripted(made = {
                        transport.pauseProducing()
                        transport.write(ByteArray(12 * 1024 * 1024)) // more than the system takes
                        made.complete(this)
                    })
                }
                port.connect().use {
                    made.getOrFail()
                    it.setSoLinger(true, 0)
                }
                made.getOrFail().lost.getOrFail().shouldBeInstanceOf<ConnectionLost>()
            }
        }
    })
