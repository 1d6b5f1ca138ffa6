// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteOrder

/** The very bytes on the wire. */
class GoldenBytesSpec :
    StringSpec({
        "lines" {
            LineCodec().encode("hello").decodeToString() shouldBe "hello\r\n"
            LineCodec("\n").encode("").decodeToString() shouldBe "\n"
            LineCodec("\u00e9").encode("caf").toHexString() shouldBe "636166c3a9"
        }

        "int8, int16, int32" {
            val hello = "hello".encodeToByteArray()
            Int8Codec().encode(hello).toHexString() shouldBe "0568656c6c6f"
            Int16Codec().encode(hello).toHexString() shouldBe "000568656c6c6f"
            Int32Codec().encode(hello).toHexString() shouldBe "0000000568656c6c6f"
            Int16Codec(order = ByteOrder.LITTLE_ENDIAN).encode(hello).toHexString() shouldBe "050068656c6c6f"
            Int32Codec(order = ByteOrder.LITTLE_ENDIAN).encode(hello).toHexString() shouldBe "0500000068656c6c6f"
            Int8Codec().encode(ByteArray(255)).take(1) shouldBe listOf((-1).toByte())
            Int16Codec().encode(ByteArray(65535)).copyOf(2).toHexString() shouldBe "ffff"
        }

        "netstrings" {
            NetstringCodec().encode("hello world!".encodeToByteArray()).decodeToString() shouldBe "12:hello world!,"
            NetstringCodec().encode(ByteArray(0)).decodeToString() shouldBe "0:,"
        }

        "the private protocol: a header of version, body size and command, and JSON" {
            val codec = HeaderCodec(Struct("<iii"), lengthField = 1, body = Content.text())
            val body = """{"company": "oldboyedu"}"""
            codec.encode(HeaderAndBody(StructValues.of(1, 0, 101), body)).toHexString() shouldBe
                "010000001800000065000000" + body.encodeToByteArray().toHexString()
        }

        "the private protocol: its length counts bytes, not characters" {
            val codec = HeaderCodec(Struct("iii"), lengthField = 1, body = Content.text())
            val bytes = codec.encode(HeaderAndBody(StructValues.of(1, 0, 1001), "\u6211\u6536\u5230"))
            Struct("iii").unpackFrom(bytes) shouldBe listOf(1, 9, 1001)
            bytes.size shouldBe 12 + 9
        }

        "the private protocol: the server's answer is an escaped JSON string of 51 bytes" {
            val ascii =
                Content.of<String>(
                    { text ->
                        text.map {
                            if (it.code <
                                128
                            ) {
                                "$it"
                            } else {
                                "\\u%04x".format(it.code)
                            }
                        }.joinToString("", "\"", "\"").encodeToByteArray()
                    },
                    { it.decodeToString() },
                )
            val codec = HeaderCodec(Struct("iii"), lengthField = 1, body = ascii)
            val bytes = codec.encode(HeaderAndBody(StructValues.of(1, 0, 1001), "\u6211\u6536\u5230\u4f60\u7684\u4fe1\u606f\u4e86!"))
            Struct("iii").unpackFrom(bytes) shouldBe listOf(1, 51, 1001)
        }
    })
