// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runReactorTest
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay
import java.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds

/** The beginning of a frame, or bytes that are none, that no frame will come of. */
private class Tail(val framing: Framing, val payload: ByteArray, val bytes: ByteArray, val isFrame: Boolean = true) {
    val frame = framing.encoded(payload)

    override fun toString() = "$framing, ${bytes.toHexString()}"
}

private class Silent :
    Protocol(),
    HalfCloseableProtocol {
    override fun readConnectionLost() = Unit

    override fun writeConnectionLost() = Unit
}

private suspend fun MemoryReactor.peer(): Protocol {
    val peer = Silent()
    clientFromString(this, "tcp:127.0.0.1:8007").connect(Factory { peer }).await()
    return peer
}

private fun Protocol.end() = (transport as HalfCloseableTransport).loseWriteConnection()

/** A handler is at work on the last message, and behind it the peer ends inside a frame. */
class TruncatedEndSpec :
    StringSpec({
        fun ascii(text: String) = text.encodeToByteArray()
        val header = Struct(">BH")
        val abc = ascii("abc")
        val headed = header.pack(7, 3) + abc
        val checked = HeaderFraming(header, lengthField = 1) { if (it.int(0) != 7) throw MalformedFrameException("no header of ours") }
        val tails =
            listOf(
                Tail(LineFraming(), abc, ascii("x")),
                Tail(LineFraming(), abc, ascii("\r")),
                Tail(LineFraming.anyNewline(), abc, ascii("xyz")),
                Tail(LineFraming(maxLength = 3), abc, ascii("far too long"), isFrame = false),
                Tail(IntPrefixFraming(1), abc, bytes("03 61")),
                Tail(IntPrefixFraming(4), abc, bytes("00")),
                Tail(IntPrefixFraming(4), abc, bytes("00000003 6162")),
                Tail(IntPrefixFraming(4), abc, bytes("ffffffff"), isFrame = false),
                Tail(NetstringFraming(), abc, ascii("1")),
                Tail(NetstringFraming(), abc, ascii("3:abc")),
                Tail(NetstringFraming(), abc, ascii("no"), isFrame = false),
                Tail(FixedFraming(3), abc, ascii("x")),
                Tail(checked, headed, bytes("07")),
                Tail(checked, headed, bytes("07 0003 61")),
                Tail(checked, headed, bytes("08 0003"), isFrame = false),
            )

        val options = ConnectionOptions(answerTimeout = Duration.ofSeconds(5))

        for (tail in tails) {
            for (isApart in listOf(false, true)) {
                val codec = Codec(tail.framing, Content.bytes())
                val name = "$tail${if (isApart) ", in a write of its own" else ""}"

                suspend fun Protocol.sendAll() {
                    transport.write(if (isApart) tail.frame else tail.frame + tail.bytes)
                    delay(1.seconds)
                    if (isApart) transport.write(tail.bytes)
                    delay(1.seconds)
                }

                suspend fun MemoryReactor.beginAndEnd(work: MutableList<Deferred<Unit>>): () -> MessageConnection<ByteArray> {
                    val server = accepting(codec, options) { c -> c.onMessage { Deferred<Unit>().also(work::add) } }
                    val peer = peer()
                    peer.sendAll()
                    peer.end()
                    return server
                }

                "the peer ends its side: the work has its time and no more ($name)" {
                    runReactorTest(1.hours) {
                        val work = ArrayList<Deferred<Unit>>()
                        val server = beginAndEnd(work)
                        delay(2.seconds)
                        server().closeReason.shouldBeNull()
                        work.single().called.shouldBeFalse()
                        delay(5.seconds) // it is looked at four times in the limit
                        server().closeReason.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<AnswerTimeoutException>()
                        work.single().called.shouldBeTrue()
                    }
                }

                "the peer is gone: the work is cancelled ($name)" {
                    runReactorTest(1.hours) {
                        var isCancelled = false
                        accepting(codec, options) { c -> c.onMessage { Deferred<Unit> { isCancelled = true } } }
                        val peer = peer()
                        peer.sendAll()
                        isCancelled.shouldBeFalse()
                        peer.transport.abortConnection()
                        delay(1.seconds)
                        isCancelled.shouldBeTrue()
                    }
                }

                "work that is done in time: the connection ends with what the peer did ($name)" {
                    runReactorTest(1.hours) {
                        val work = ArrayList<Deferred<Unit>>()
                        val server = beginAndEnd(work)
                        delay(1.seconds)
                        work.single().callback(Unit)
                        delay(1.seconds)
                        val cause = server().closeReason.shouldBeInstanceOf<ConnectionAborted>().cause
                        withClue("$cause") { (cause is TruncatedFrameException) shouldBe tail.isFrame }
                    }
                }
            }
        }

        "a whole frame behind the one in hand is handled too, whether the peer has ended its side or is gone" {
            for (tail in tails) {
                for (isGone in listOf(false, true)) {
                    withClue("$tail, $isGone") {
                        runReactorTest(1.hours) {
                            val got = ArrayList<String>()
                            val work = ArrayList<Deferred<Unit>>()
                            var cancelled = 0
                            listen("tcp:8007", Codec(tail.framing, Content.bytes()), options) { c ->
                                c.onMessage {
                                    got.add(it.toHexString())
                                    Deferred<Unit> { cancelled++ }.also(work::add)
                                }
                            }.await()
                            val peer = peer()
                            peer.transport.write(tail.frame + tail.frame + tail.bytes)
                            delay(1.seconds)
                            if (isGone) peer.transport.abortConnection() else peer.end()
                            delay(6.seconds)
                            cancelled shouldBe 0 // a message waits: it is not the last
                            work[0].callback(Unit)
                            got shouldContainExactly List(2) { tail.payload.toHexString() }
                            delay(7.seconds)
                            cancelled shouldBe 1
                        }
                    }
                }
            }
        }
    })
