// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.ProtocolViolationException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

class FrameReaderSpec :
    StringSpec({
        val framing = LineFraming("\n".encodeToByteArray(), maxLength = 1000)

        fun view(text: String): ByteBuffer = ByteBuffer.wrap(text.encodeToByteArray()).asReadOnlyBuffer()

        /** A reader whose frames go to [received]. */
        class Reading(framing: Framing, val ready: () -> Boolean = { true }, val received: Reading.(ByteBuffer) -> Unit) : FrameConsumer {
            val texts = ArrayList<String>()
            val reader = FrameReader(framing.newDecoder(), this)
            var truncated: TruncatedFrameException? = null
            var ended = false
            var refused: ProtocolViolationException? = null

            override fun isReady() = ready()

            override fun frameReceived(frame: ByteBuffer) {
                texts.add(Charsets.UTF_8.decode(frame.duplicate()).toString())
                received(frame)
            }

            override fun frameRefused(violation: ProtocolViolationException, rest: ByteBuffer) {
                refused = violation
            }

            override fun inputEnded(truncated: TruncatedFrameException?) {
                ended = true
                this.truncated = truncated
            }
        }

        "what is fed during a delivery comes behind the rest, and the frame at hand stays as it is" {
            for (pieces in listOf(listOf("1\n2\n3\n4"), listOf("1", "\n2", "\n3\n4"), listOf("1\n", "2\n3", "\n4"))) {
                val long = "x".repeat(500)
                val reading =
                    Reading(framing) { frame ->
                        if (texts.last() == "2") {
                            reader.feed(view("5\n6\n$long\n"))
                            Charsets.UTF_8.decode(frame).toString() shouldBe "2"
                        }
                    }
                pieces.forEach { reading.reader.feed(view(it)) }
                val whole = listOf("1", "2", "3", "45", "6", long)
                reading.texts shouldBe if (pieces.last() == "\n4") listOf("1", "2", "35", "6", long, "") else whole
            }
        }

        "a frame fed from within its own delivery, deep down, takes no stack" {
            val times = 100_000
            val reading =
                Reading(framing) {
                    if (texts.size < times) reader.feed(view("${texts.size}\n"))
                }
            reading.reader.feed(view("first\n"))
            reading.texts.size shouldBe times
            reading.texts.last() shouldBe "${times - 1}"
        }

        "while the consumer is not ready everything is kept, and delivered once by resume" {
            var ready = true
            val reading = Reading(framing, { ready }) { if (texts.size == 2) ready = false }
            reading.reader.feed(view("1\n2\n3\n4\n5"))
            reading.texts shouldBe listOf("1", "2")
            reading.reader.keptBytes shouldBe 5
            reading.reader.resume()
            reading.texts shouldBe listOf("1", "2")
            ready = true
            reading.reader.resume()
            reading.texts shouldBe listOf("1", "2", "3", "4")
            reading.reader.feed(view("\n"))
            reading.texts shouldBe listOf("1", "2", "3", "4", "5")
            reading.reader.keptBytes shouldBe 0
        }

        "pausing and resuming within a delivery delivers nothing twice" {
            var ready = true
            val reading =
                Reading(framing, { ready }) {
                    ready = false
                    reader.resume()
                    ready = true
                    reader.resume()
                }
            reading.reader.feed(view("1\n2\n3\n"))
            reading.texts shouldBe listOf("1", "2", "3")
        }

        "the end waits until all is delivered" {
            var ready = false
            val reading = Reading(framing, { ready }) { }
            reading.reader.feed(view("1\n2\n3"))
            reading.reader.end()
            reading.ended shouldBe false
            ready = true
            reading.reader.resume()
            reading.texts shouldBe listOf("1", "2")
            reading.ended shouldBe true
            reading.truncated!!.bytes shouldBe 1
        }

        "a consumer that throws is given nothing more" {
            val reading = Reading(framing) { if (texts.size == 2) error("no more") }
            shouldThrow<IllegalStateException> { reading.reader.feed(view("1\n2\n3\n4\n")) }
            reading.reader.feed(view("5\n"))
            reading.texts shouldBe listOf("1", "2")
            reading.reader.keptBytes shouldBe 0
        }

        "stop within a delivery is the end of it" {
            for (pieces in listOf(listOf("1\n2\n3\n"), listOf("1", "\n2\n3\n"))) {
                val reading = Reading(framing) { reader.stop() }
                pieces.forEach { reading.reader.feed(view(it)) }
                reading.reader.end()
                reading.texts shouldBe listOf("1")
                reading.ended shouldBe false
            }
        }

        "a decoder that takes over in the middle gets the rest" {
            val reading =
                Reading(framing) {
                    when (texts.last()) {
                        "raw" -> reader.decoder = FixedFraming(3).newDecoder()
                        "abc" -> reader.decoder = framing.newDecoder()
                    }
                }
            reading.reader.feed(view("1\nraw\nabcde\nraw\nab"))
            reading.texts shouldBe listOf("1", "raw", "abc", "de", "raw")
            reading.reader.feed(view("cx\n"))
            reading.texts.drop(5) shouldBe listOf("abc", "x")
        }

        "what is put in front comes first, also when a frame is half there" {
            val reading =
                Reading(framing) {
                    if (texts.last() == "1") reader.feedFirst("a\nb".encodeToByteArray())
                }
            reading.reader.feed(view("1\n2\n3"))
            reading.reader.feedFirst("0".encodeToByteArray())
            reading.reader.feed(view("\n"))
            reading.texts shouldBe listOf("1", "a", "b2", "03")
        }

        "only an unfinished frame is kept, and no more than about its size" {
            val reading = Reading(IntPrefixFraming(4, maxLength = 50_000)) { }
            val frame = IntPrefixFraming(4).encoded(ByteArray(40_000))
            val stream = frame + frame + frame
            for (piece in stream.asList().chunked(1000)) {
                reading.reader.feed(ByteBuffer.wrap(piece.toByteArray()))
                reading.reader.keptBytes shouldBeLessThanOrEqualTo 40_004
            }
            reading.texts.size shouldBe 3
            reading.reader.keptBytes shouldBe 0
        }

        "a length prefix is not looked at again at every byte" {
            var finds = 0
            val inner = IntPrefixFraming(4).newDecoder()
            val counting =
                object : FrameDecoder() {
                    override fun find(input: ByteBuffer): Boolean {
                        finds++
                        return if (inner.find(input)) found(inner.start, inner.end, inner.next) else needs(inner.needed)
                    }

                    override fun reset() = inner.reset()
                }
            val frames = Frames()
            val reader = FrameReader(counting, frames)
            for (piece in IntPrefixFraming(4).encoded(ByteArray(10_000)).oneByOne()) reader.feed(ByteBuffer.wrap(piece))
            frames.received.single().size shouldBe 10_000
            finds shouldBeLessThanOrEqualTo 4
        }

        "after an error it can be started again" {
            val reading = Reading(LineFraming(maxLength = 3)) { }
            reading.reader.feed(view("ok\r\nfar too long\r\n"))
            reading.texts shouldBe listOf("ok")
            reading.reader.feed(view("lost\r\n"))
            reading.texts shouldBe listOf("ok")
            reading.reader.restart()
            reading.reader.feed(view("yes\r\n"))
            reading.texts shouldBe listOf("ok", "yes")
        }

        "nothing comes after the end" {
            val reading = Reading(framing) { }
            reading.reader.feed(view("1\n"))
            reading.reader.end()
            reading.reader.end()
            reading.reader.feed(view("2\n"))
            reading.texts shouldBe listOf("1")
            reading.truncated.shouldBeNull()
            reading.reader.keptBytes shouldBe 0
            Frames().received.shouldBeEmpty()
        }
    })
