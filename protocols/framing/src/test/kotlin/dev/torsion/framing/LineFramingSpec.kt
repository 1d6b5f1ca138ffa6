// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.int
import io.kotest.property.checkAll
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.time.Duration.Companion.seconds

class LineFramingSpec :
    StringSpec({
        fun lines(framing: Framing, vararg pieces: String) = framing.read(pieces.map { it.encodeToByteArray() })

        "behaviour 36: a line of the greatest length may have its delimiter split (test_maximumLineLengthPartialDelimiter)" {
            val frames = lines(LineFraming(maxLength = 4), "abcd\r", "\nef\r\n")
            frames.received.map { it.decodeToString() } shouldBe listOf("abcd", "ef")
            frames.violation.shouldBeNull()
        }

        "a line over the limit is refused though its delimiter is there, with all that came" {
            val frames = lines(LineFraming(maxLength = 4), "ok\r\nabcde\r\nnext\r\n")
            frames.received.map { it.decodeToString() } shouldBe listOf("ok")
            frames.violation.shouldBeInstanceOf<FrameTooLongException>().limit shouldBe 4
            frames.rest!!.decodeToString() shouldBe "abcde\r\nnext\r\n"
        }

        "only the delimiter ends a line" {
            lines(LineFraming(), "a\nb\rc\r\r\n\n\r\n").received.map { it.decodeToString() } shouldBe listOf("a\nb\rc\r", "\n")
        }

        "any newline ends a line: LF, or CR LF" {
            lines(LineFraming.anyNewline(), "a\nb\r\n\n\r\nc\rd\r\r\n").received.map { it.decodeToString() } shouldBe
                listOf("a", "b", "", "", "c\rd\r")
        }

        "any newline: the CR of a line of the greatest length does not count" {
            lines(LineFraming.anyNewline(4), "abcd\r", "\n", "abcd\n").received.map { it.decodeToString() } shouldBe listOf("abcd", "abcd")
            lines(LineFraming.anyNewline(4), "abcde\n").violation.shouldBeInstanceOf<FrameTooLongException>()
        }

        "a line with its own delimiter in it is not sent" {
            shouldThrow<EncodeException> { LineFraming().encoded("a\r\nb".encodeToByteArray()) }
            shouldThrow<EncodeException> { LineFraming.anyNewline().encoded("a\nb".encodeToByteArray()) }
            LineFraming().encoded("a\nb".encodeToByteArray()).decodeToString() shouldBe "a\nb\r\n"
        }

        "the delimiter is found wherever it is, in either byte order and whatever the bytes around it are" {
            for (order in listOf(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
                for (place in 0..40) {
                    for (filler in listOf(0, 0x0b, 0x09, 0x8a, 0x7f, 0x80, 0xff, 0x0d)) {
                        val data = ByteArray(48) { filler.toByte() }
                        data[place] = '\n'.code.toByte()
                        data[47] = '\n'.code.toByte()
                        val decoder = LineFraming("\n".encodeToByteArray()).newDecoder()
                        withClue("at $place among $filler, $order") {
                            decoder.find(ByteBuffer.wrap(data).order(order)) shouldBe true
                            decoder.end shouldBe place
                        }
                    }
                }
            }
        }

        "the same lines as by looking at each byte" {
            val few = Arb.byteArray(Arb.int(0..60), Arb.byte(min = 8, max = 11))
            checkAll(2000, few, cuts(60)) { data, places ->
                val expected = ArrayList<String>()
                var from = 0
                for (i in data.indices) {
                    if (data[i] == '\n'.code.toByte()) {
                        expected.add(data.copyOfRange(from, i).toHexString())
                        from = i + 1
                    }
                }
                val pieces = data.splitAt(*places.filter { it <= data.size }.toIntArray())
                LineFraming("\n".encodeToByteArray()).read(pieces).received.hex() shouldBe expected
            }
        }

        "a line that comes byte by byte is not searched again and again".config(timeout = 30.seconds) {
            // 2 MB: each byte looked at once is 2 million steps; all of them at every byte would be two million million.
            val size = 2_000_000
            val frames = Frames()
            val reader = FrameReader(LineFraming(maxLength = size).newDecoder(), frames)
            val one = ByteBuffer.wrap(byteArrayOf('x'.code.toByte()))
            repeat(size) { reader.feed(one.clear()) }
            reader.feed(ByteBuffer.wrap("\r\n".encodeToByteArray()))
            frames.received.single().size shouldBe size
        }
    })
