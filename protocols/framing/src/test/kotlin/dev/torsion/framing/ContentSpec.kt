// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.log.StandInException
import dev.torsion.log.escaped
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.property.checkAll
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.charset.Charset

class ContentSpec :
    StringSpec({
        fun <T : Any> Content<T>.decode(bytes: ByteArray): T {
            val around = ByteBuffer.allocateDirect(bytes.size + 4)
            around.position(2).put(bytes).flip().position(2)
            return decode(around.asReadOnlyBuffer())
        }

        "text comes back as it was, in every charset" {
            for (charset in listOf(Charsets.UTF_8, Charsets.UTF_16LE, Charset.forName("windows-1252"))) {
                val content = Content.text(charset)
                for (text in listOf("", "plain", "caf\u00e9 ?")) content.decode(content.encode(text)) shouldBe text
            }
            checkAll<String> { text -> Content.text().let { it.decode(it.encode(text)) } shouldBe text }
        }

        "text with a replacement character of its own, or beyond the basic plane" {
            val content = Content.text()
            for (text in listOf("\uFFFD", "a\uFFFDb", "\uD83D\uDE00", "\u20ac")) content.decode(content.encode(text)) shouldBe text
        }

        "bytes that are no text are refused" {
            for (bad in listOf("ff", "c3", "c0af", "eda080", "61ffefbfbd", "f8888080")) {
                withClue(bad) {
                    shouldThrow<MalformedContentException> { Content.text().decode(bytes(bad)) }.message shouldContain "UTF-8"
                }
            }
            shouldThrow<MalformedContentException> { Content.text(Charsets.US_ASCII).decode(bytes("80")) }
        }

        "characters that the charset has not are not sent" {
            shouldThrow<EncodeException> { Content.text().encode("\uD83D") }
            shouldThrow<EncodeException> { Content.text().encode("a\uDE00?") }
            shouldThrow<EncodeException> { Content.text(Charsets.US_ASCII).encode("\u00e9") }
            shouldThrow<EncodeException> { Content.text(Charsets.ISO_8859_1).encode("\u20ac") }
            shouldThrow<EncodeException> { Content.text(Charset.forName("windows-1252")).encode("\u6211") }
            Content.text(Charsets.ISO_8859_1).encode("\u00e9").toHexString() shouldBe "e9"
        }

        "any mapper as two functions, whose exceptions are typed" {
            val content =
                Content.of<Int>(
                    { if (it < 0) throw IOException("negative") else it.toString().encodeToByteArray() },
                    { it.decodeToString().toInt() },
                )
            content.decode(content.encode(42)) shouldBe 42
            shouldThrow<EncodeException> { content.encode(-1) }.cause.shouldBeInstanceOf<IOException>()
            shouldThrow<MalformedContentException> { content.decode(bytes("61")) }.cause.shouldBeInstanceOf<NumberFormatException>()
        }

        "what a peer has sent stands in the messages escaped and shortened, in that of the cause too" {
            val content = Content.of<Int>({ byteArrayOf() }, { it.decodeToString().toInt() })
            for (sent in listOf("\u001b[2J", "a\nb", "x".repeat(10_000))) {
                val refused = shouldThrow<MalformedContentException> { content.decode(ByteBuffer.wrap(sent.encodeToByteArray())) }
                for (message in listOf(refused.message!!, refused.cause!!.message!!, refused.stackTraceToString())) {
                    message shouldContain escaped(sent).take(20)
                    message shouldNotContain sent
                }
                refused.message!!.length shouldBeLessThan 300
                refused.cause.shouldBeInstanceOf<StandInException>().original.shouldBeInstanceOf<NumberFormatException>()
            }
        }

        "what is nested too deep is the peer's violation" {
            fun depth(text: String): Int = if (text.startsWith("[")) 1 + depth(text.substring(1)) else 0
            val content = Content.of<Int>({ byteArrayOf() }, { depth(it.decodeToString()) })
            content.decode(ByteBuffer.wrap("[[[".encodeToByteArray())) shouldBe 3
            val deep = ByteBuffer.wrap("[".repeat(100_000).encodeToByteArray())
            shouldThrow<MalformedContentException> { content.decode(deep) }.message shouldContain "nested too deep"
        }

        "a codec's values mapped to others" {
            val numbers = LineCodec().map<Int>({ it.toString() }, { it.toInt() })
            numbers.encode(7).decodeToString() shouldBe "7\r\n"
            numbers.content.decode("8".encodeToByteArray()) shouldBe 8
            shouldThrow<MalformedContentException> { numbers.content.decode(bytes("ff")) }.message shouldContain "UTF-8"
            shouldThrow<EncodeException> { LineCodec().map<Int>({ "\uD83D" }, { 1 }).encode(1) }
        }

        "struct values" {
            val codec = StructCodec(Struct("<hi"))
            codec.encode(StructValues.of(1, 2)).toHexString() shouldBe "010002000000"
            codec.content.decode(bytes("010002000000")) shouldBe listOf(1, 2)
            shouldThrow<MalformedContentException> { codec.content.decode(bytes("0100")) }
            shouldThrow<StructException> { codec.encode(StructValues.of(1, 1L shl 40)) }
        }

        "a header and a body" {
            val content = Content.headed(Struct("<iii"), Order.json)
            val (header, order) = content.decode(content.encode(HeaderAndBody(StructValues.of(1, 0, 101), Order("x"))))
            header.int(2) shouldBe 101
            order shouldBe Order("x")
            shouldThrow<MalformedContentException> { content.decode(ByteArray(11)) }
        }

        "a message that cannot be sent leaves nothing on the wire" {
            var written = 0
            val sink = FrameSink { _, _, length -> written += length }
            shouldThrow<EncodeException> { LineCodec().encode("\uD83D", sink) }
            shouldThrow<EncodeException> { LineCodec().encode("a\nb", sink) }
            shouldThrow<EncodeException> { FixedCodec(3).encode(ByteArray(2), sink) }
            shouldThrow<StringTooLongException> { FixedCodec(3).encode(ByteArray(4), sink) }
            shouldThrow<StringTooLongException> { Int8Codec().encode(ByteArray(256), sink) }.limit shouldBe 255
            shouldThrow<StringTooLongException> { Int16Codec().encode(ByteArray(65536), sink) }.limit shouldBe 65535
            shouldThrow<StringTooLongException> { Int32Codec().encode(ByteArray(100_000), sink) }.limit shouldBe 99_999
            val small = HeaderCodec(Struct("<b"), lengthField = 0, body = Content.bytes())
            shouldThrow<EncodeException> { small.encode(HeaderAndBody(StructValues.of(0), ByteArray(128)), sink) }
            written shouldBe 0
        }

        "settings that make no sense are refused" {
            shouldThrow<IllegalArgumentException> { LineFraming(ByteArray(0)) }
            shouldThrow<IllegalArgumentException> { LineFraming(maxLength = 0) }
            shouldThrow<IllegalArgumentException> { IntPrefixFraming(3) }
            shouldThrow<IllegalArgumentException> { IntPrefixFraming(4, maxLength = -1) }
            shouldThrow<IllegalArgumentException> { FixedFraming(0) }
            shouldThrow<IllegalArgumentException> { HeaderFraming(Struct("f"), 0) }
            shouldThrow<StructException> { HeaderFraming(Struct("i"), 1) }
            shouldThrow<IllegalArgumentException> { ConnectionOptions(inboundLimit = 0) }
        }
    })
