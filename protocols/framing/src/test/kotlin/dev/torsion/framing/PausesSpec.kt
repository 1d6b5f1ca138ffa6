// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.serverFromString
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Protocol
import dev.torsion.net.Transport
import dev.torsion.testkit.runReactorTest
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.delay
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds

private const val PREFIX = 4

private class Counting(private val transport: Transport) : Transport by transport {
    var pauses = 0
    var resumes = 0

    override fun pauseProducing() {
        pauses++
        transport.pauseProducing()
    }

    override fun resumeProducing() {
        resumes++
        transport.resumeProducing()
    }
}

/** A connection whose handler needs a millisecond for each message, one after the other. */
private class Slow(
    private val framing: Framing,
    private val later: (Runnable) -> Unit,
    private val make: (Transport) -> CodecConnection<ByteArray>,
) : Protocol(),
    HalfCloseableProtocol {
    lateinit var counting: Counting
    private lateinit var connection: CodecConnection<ByteArray>
    var reads = 0
    var handled = 0
    var isGone = false
    private var outstanding = 0
    var most = 0

    override fun connectionMade() {
        counting = Counting(transport)
        connection = make(counting)
        connection.onMessage { message ->
            Deferred<Unit>().also { done ->
                later {
                    handled++
                    outstanding -= framing.encoded(message).size
                    done.callback(Unit)
                }
            }
        }
    }

    override fun dataReceived(view: ByteBuffer) {
        reads++
        outstanding += view.remaining()
        most = maxOf(most, outstanding)
        connection.feed(view)
    }

    override fun receiveLimit() = connection.receiveLimit()

    override fun readConnectionLost() = connection.peerEnded()

    override fun writeConnectionLost() = Unit

    override fun connectionLost(reason: CloseReason) {
        isGone = true
        connection.lost(reason)
    }
}

/** How often reading is paused and resumed, and how much is kept, while a handler is slower than its peer. */
class PausesSpec :
    StringSpec({
        val framing = IntPrefixFraming(PREFIX, maxLength = 10_000)
        val codec = Codec(framing, Content.bytes())

        for (size in listOf(0, 10, 100, 1_000, 3_000, 9_990, 10_000)) {
            "a fast peer, and a slow handler of messages of $size bytes: what is kept is bounded, and so are the pauses" {
                runReactorTest(10.hours) {
                    lateinit var slow: Slow
                    val factory =
                        Factory {
                            Slow(framing, {
                                callLater(1, TimeUnit.MILLISECONDS, it)
                            }) { CodecConnection(it, codec, ConnectionOptions.DEFAULT, this, false) }
                                .also { slow = it }
                        }
                    serverFromString(this, "tcp:8007").listen(factory).await()
                    val client = connect("tcp:127.0.0.1:8007", codec)
                    val count = 1_000
                    repeat(count) { client.send(ByteArray(size)) }
                    client.close()
                    while (!slow.isGone) delay(100.milliseconds)
                    slow.handled shouldBe count
                    val own = ReadAhead.share(framing.frameLimit)
                    val fills = count * (size + PREFIX) / own + 1
                    withClue(
                        "${slow.reads} reads, ${slow.counting.pauses} pauses, ${slow.counting.resumes} resumes, $fills times its share",
                    ) {
                        slow.counting.pauses shouldBeGreaterThan 0
                        slow.counting.resumes shouldBeLessThanOrEqual slow.counting.pauses
                        slow.most shouldBeLessThanOrEqual own + PREFIX // of the message in hand only its payload counts
                        slow.reads shouldBeLessThanOrEqual minOf(3 * count, 4 * fills) + 2
                        slow.counting.pauses shouldBeLessThanOrEqual slow.reads
                    }
                }
            }
        }
    })
