// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import io.kotest.assertions.assertSoftly
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.property.Arb
import io.kotest.property.arbitrary.list
import io.kotest.property.arbitrary.of
import io.kotest.property.checkAll
import java.nio.ByteBuffer

/** The rules that every framing keeps, however the bytes are cut. */
class FramingContractSpec :
    FunSpec({
        for (case in framingCases) {
            val framing = case.framing
            val all = case.payloads
            val stream = framing.encoded(*all.toTypedArray())

            fun Frames.shouldBeAll() {
                received.hex() shouldBe all.hex()
                violation.shouldBeNull()
                ended shouldBe true
                truncated.shouldBeNull()
            }

            context("$framing") {
                test("whole") { framing.read(listOf(stream)).shouldBeAll() }

                test("byte by byte") { framing.read(stream.oneByOne()).shouldBeAll() }

                test("every split in two") {
                    for (at in 0..stream.size) withClue("split at $at") { framing.read(stream.splitAt(at)).shouldBeAll() }
                }

                test("every split in three") {
                    for (at in 0..stream.size) {
                        for (next in at..stream.size) {
                            withClue("split at $at and $next") {
                                framing.read(stream.splitAt(at, next)).shouldBeAll()
                            }
                        }
                    }
                }

                test("looking ahead at what a consumer is not ready for changes nothing") {
                    for (at in 0..stream.size) {
                        withClue("split at $at") {
                            val frames = Frames()
                            val reader = FrameReader(framing.newDecoder(), frames)
                            frames.ready = false
                            var fed = 0
                            for (piece in stream.splitAt(at)) {
                                reader.feedLent(piece)
                                fed += piece.size
                                val first = framing.encoded(all.first())
                                repeat(2) { reader.holdsFrame shouldBe (fed >= first.size) }
                                reader.violationAhead.shouldBeNull()
                            }
                            frames.received.shouldBeEmpty()
                            frames.ready = true
                            reader.resume()
                            reader.end()
                            frames.shouldBeAll()
                        }
                    }
                }

                test("looking ahead after each byte, with a consumer that takes one frame at a time") {
                    val frames = Frames()
                    val one = object : FrameConsumer by frames {
                        override fun frameReceived(frame: ByteBuffer) {
                            frames.frameReceived(frame)
                            frames.ready = false
                        }
                    }
                    val reader = FrameReader(framing.newDecoder(), one)
                    frames.ready = false
                    for ((i, byte) in stream.oneByOne().withIndex()) {
                        reader.feedLent(byte)
                        reader.holdsFrame
                        if (i % 11 == 0) {
                            frames.ready = true
                            reader.resume()
                        }
                    }
                    reader.end()
                    while (!frames.ended) {
                        frames.ready = true
                        reader.resume()
                    }
                    frames.shouldBeAll()
                }

                test("random frames, cut at random") {
                    checkAll(200, Arb.list(Arb.of(all), 0..30), cuts(200)) { frames, places ->
                        val bytes = framing.encoded(*frames.toTypedArray())
                        val pieces = bytes.splitAt(*places.filter { it <= bytes.size }.toIntArray())
                        framing.read(pieces).received.hex() shouldBe frames.hex()
                    }
                }

                test("ending inside a frame, at every place") {
                    val first = framing.encoded(all.first())
                    for (at in 1 until first.size) {
                        for (pieces in listOf(listOf(stream + first.copyOf(at)), (stream + first.copyOf(at)).oneByOne())) {
                            val frames = framing.read(pieces)
                            frames.received.hex() shouldBe all.hex()
                            frames.violation.shouldBeNull()
                            frames.truncated!!.bytes shouldBe at
                        }
                    }
                }

                case.oversize?.let { oversize ->
                    test("over the limit: what came before is delivered, the error names the limit") {
                        for (pieces in listOf(listOf(stream + oversize), (stream + oversize).oneByOne())) {
                            val frames = framing.read(pieces)
                            frames.received.hex() shouldBe all.hex()
                            val error = frames.violation.shouldBeInstanceOf<FrameTooLongException>()
                            error.limit shouldBe case.limit
                            error.message shouldContain "${case.limit} bytes"
                        }
                    }

                    test("over the limit: not a byte too early") {
                        framing.read((stream + oversize.dropLast(1)).toList().map { byteArrayOf(it) }).violation.shouldBeNull()
                    }
                }

                test("what is no frame is refused") {
                    for (malformed in case.malformed) {
                        for (pieces in listOf(listOf(stream + malformed), (stream + malformed).oneByOne())) {
                            val frames = framing.read(pieces)
                            withClue(malformed.decodeToString()) { frames.violation.shouldBeInstanceOf<MalformedFrameException>() }
                            frames.received shouldHaveSize all.size
                        }
                    }
                }

                test("after an error nothing is delivered") {
                    val bad = case.oversize ?: return@test
                    val frames = framing.read(listOf(stream + bad + stream, stream))
                    frames.received shouldHaveSize all.size
                    frames.ended shouldBe false
                }

                test("two readers of one framing do not disturb each other") {
                    val one = Frames()
                    val other = Frames()
                    val readers = listOf(one, other).map { FrameReader(framing.newDecoder(), it) }
                    for (piece in stream.oneByOne()) readers.forEach { it.feedLent(piece) }
                    assertSoftly {
                        one.received.hex() shouldBe all.hex()
                        other.received.hex() shouldBe all.hex()
                    }
                }

                test("what is too long to send is refused, and nothing is written") {
                    if (case.oversize == null) return@test
                    val largest = all.maxBy { it.size }
                    var written = 0
                    val tooLong = ByteArray(largest.size.coerceAtLeast(case.limit.toInt()) + 1) { 'x'.code.toByte() }
                    val error = shouldThrow<StringTooLongException> { framing.encode(tooLong) { _, _, length -> written += length } }
                    error.limit shouldBe case.limit
                    error.message shouldContain "${case.limit} bytes"
                    written shouldBe 0
                }
            }
        }
    })
