// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build.durations

import dev.torsion.framing.LineCodec
import dev.torsion.framing.listen
import dev.torsion.java.Torsion
import dev.torsion.java.TorsionGroup
import dev.torsion.net.DrainReport
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.successResultOf
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.CompletableFuture

/** Times of the Java facade. */
internal val javaDurations: Tries =
    mapOf(
        "java/Connection.every" to { time ->
            inMemory { reactor ->
                val torsion = Torsion.on(reactor)
                val port =
                    successResultOf(reactor.listen("tcp:0:interface=127.0.0.1", LineCodec()) { c -> c.onMessage { error(it) } })
                val future = torsion.connect("tcp:127.0.0.1:${port.port()}", LineCodec())
                reactor.flush()
                future.join().every(time, "never")
                reactor.advance(halfACentury)
                future.join().abort()
                port.stopListening()
                reactor.flush()
            }
        },
        "java/Server.drain" to { time ->
            inMemory { reactor ->
                val server = Torsion.on(reactor).listen("tcp:0:interface=127.0.0.1", Factory { object : Protocol() {} })
                reactor.flush()
                val drained = server.join().drain(time)
                reactor.flush()
                drained.join() shouldBe DrainReport.NONE
            }
        },
        "java/ScheduledCall.delay" to { time ->
            torsion {
                val call = it.callLater(Duration.ofSeconds(1)) { never() }
                repeat(10) { call.delay(time) }
            }
        },
        "java/ScheduledCall.reset" to { time ->
            torsion { it.callLater(Duration.ofSeconds(1)) { never() }.reset(time) }
        },
        "java/Torsion.after" to { time -> torsion { it.after(time) } },
        "java/Torsion.callLater" to { time -> torsion { it.callLater(time) { never() } } },
        "java/Torsion.deferLater" to { time -> torsion { it.deferLater(time) { never() } } },
        "java/Torsion.every" to { time ->
            torsion {
                var calls = 0
                it.every(time, Runnable { check(++calls == 1) }).done()
            }
        },
        "java/Torsion.timeout" to { time -> torsion { it.timeout(CompletableFuture<Int>(), time) } },
        "java/Torsion.watchHealth" to { time -> torsion { it.watchHealth(time) { never() } } },
        "java/Torsion.stopAndJoin" to { time -> Torsion.start().stopAndJoin(time) shouldBe true },
        "java/Torsion.stopOnShutdown" to { time ->
            Torsion.start().apply { stopOnShutdown(time) }.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
        },
        "java/TorsionGroup.stopAndJoin" to { time -> TorsionGroup.start(2).stopAndJoin(time) shouldBe true },
        "java/TorsionGroup.stopOnShutdown" to { time ->
            TorsionGroup.start(2).apply { stopOnShutdown(time) }.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
        },
    )
