// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runReactorTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay
import java.time.Duration
import java.time.temporal.ChronoUnit
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private const val HERE = "tcp:127.0.0.1:8007"

/** Time that is idle time of the peer, and time that is not. */
class IdleTimeoutSpec :
    StringSpec({
        val tenSeconds = ConnectionOptions(idleTimeout = Duration.ofSeconds(10))

        fun MemoryReactor.seconds() = nanoTime() / 1_000_000_000

        /** Counts what it gets, and reads only when told. */
        class Slow : Protocol() {
            var bytes = 0
            var lostFor: CloseReason? = null

            override fun connectionMade() = transport.pauseProducing()

            override fun dataReceived(data: ByteArray) {
                bytes += data.size
                transport.pauseProducing()
            }

            override fun connectionLost(reason: CloseReason) {
                lostFor = reason
            }
        }

        suspend fun MemoryReactor.connectSlow(): Slow {
            val slow = Slow()
            clientFromString(this, HERE).connect(Factory { slow }).await()
            return slow
        }

        "a message that is going out is no idle time, however slowly it is taken" {
            runReactorTest(1.hours) {
                var end: CloseReason? = null
                val size = 2 shl 20
                listen("tcp:8007", Int32Codec(64 shl 20), tenSeconds) { c ->
                    c.whenClosed().addCallback { end = it }
                    c.write(ByteArray(size))
                }.await()
                val slow = connectSlow()
                while (slow.bytes < size + 4) {
                    end.shouldBeNull()
                    delay(4.seconds)
                    slow.transport.resumeProducing()
                }
                slow.bytes shouldBe size + 4
                val all = seconds()
                while (end == null) delay(100.milliseconds)
                seconds() - all shouldBeInRange 1L..13L // the last bytes left the server before they came
                end.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<IdleTimeoutException>()
                // Bytes that the operating system had taken were on their way, so the end came behind them.
                slow.transport.resumeProducing()
                delay(1.seconds)
                slow.lostFor!!.isClean shouldBe true
            }
        }

        "output that has stalled is idle time, after thirty seconds and a look at most" {
            runReactorTest(1.hours) {
                var end: CloseReason? = null
                listen("tcp:8007", Int32Codec(64 shl 20), tenSeconds) { c ->
                    c.whenClosed().addCallback { end = it }
                    c.write(ByteArray(2 shl 20))
                }.await()
                val start = seconds()
                connectSlow()
                while (end == null) delay(100.milliseconds)
                seconds() - start shouldBeInRange 30L..33L
                end.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<IdleTimeoutException>()
            }
        }

        "the time in which a handler is busy is not the peer's" {
            runReactorTest(1.hours) {
                val work = ArrayList<Deferred<Unit>>()
                var server: MessageConnection<String>? = null
                listen("tcp:8007", LineCodec(), tenSeconds) { c ->
                    server = c
                    c.onMessage { Deferred<Unit>().also { work.add(it) } }
                }.await()
                val client = connect(HERE, LineCodec())
                client.write("a")
                client.write("b")
                delay(100.seconds)
                server!!.closeReason.shouldBeNull()
                work[0].callback(Unit)
                delay(100.seconds)
                server.closeReason.shouldBeNull()
                work[1].callback(Unit)
                val done = nanoTime()
                server.whenClosed().await().cause.shouldBeInstanceOf<IdleTimeoutException>()
                (nanoTime() - done) / 1_000_000 shouldBe 10_000
            }
        }

        "nor is the time in which a coroutine does not receive what has come" {
            runReactorTest(1.hours) {
                val go = Deferred<Unit>()
                var server: MessageConnection<String>? = null
                serve("tcp:8007", LineCodec(), tenSeconds) { c ->
                    server = c
                    go.await()
                    c.receive()
                    c.receive()
                }.await()
                val client = connect(HERE, LineCodec())
                client.write("a")
                delay(100.seconds)
                server!!.closeReason.shouldBeNull()
                val done = nanoTime()
                go.callback(Unit)
                server.whenClosed().await().cause.shouldBeInstanceOf<IdleTimeoutException>()
                (nanoTime() - done) / 1_000_000 shouldBe 10_000
            }
        }

        "for ever is for ever" {
            for (timeout in listOf(ChronoUnit.FOREVER.duration, Duration.ofSeconds(Long.MAX_VALUE), Duration.ofNanos(Long.MAX_VALUE))) {
                IdleTimeoutException(timeout).timeout shouldBe timeout
                runReactorTest(1.hours) {
                    val options = ConnectionOptions(idleTimeout = timeout)
                    serve("tcp:8007", LineCodec(), options) { c -> for (line in c.incoming) c.send(line) }.await()
                    val client = connect(HERE, LineCodec())
                    delay(1_000.seconds)
                    client.request("still here").await() shouldBe "still here"
                    client.close()
                }
            }
            shouldThrow<IllegalArgumentException> { ConnectionOptions(idleTimeout = Duration.ZERO) }
        }
    })
