// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.property.Arb
import io.kotest.property.arbitrary.byte
import io.kotest.property.arbitrary.byteArray
import io.kotest.property.arbitrary.constant
import io.kotest.property.arbitrary.element
import io.kotest.property.checkAll
import java.math.BigInteger
import java.nio.ByteBuffer

class StructSpec :
    StringSpec({
        "the tutorial's i3sf: aligned, cut to three bytes, a float" {
            val struct = Struct("i3sf")
            struct.size shouldBe 12
            struct.pack(1, "abcabc".encodeToByteArray(), 2.7).toHexString() shouldBe "0100000061626300cdcc2c40"
            val values = struct.unpack(bytes("0100000061626300cdcc2c40"))
            values.int(0) shouldBe 1
            values.bytes(1).decodeToString() shouldBe "abc"
            values[2] shouldBe 2.7f
            values.double(2) shouldBe 2.700000047683716
        }

        "the tutorial's two structs in one buffer" {
            val buffer = ByteArray(20)
            Struct("I3sf").packInto(buffer, 0, 1, "abc".encodeToByteArray(), 2.7)
            Struct("4sI").packInto(buffer, 12, "defg".encodeToByteArray(), 0x74)
            buffer.copyOf(12).toHexString() shouldBe "0100000061626300cdcc2c40"
            Struct("4sI").packInto(buffer, 12, "defe".encodeToByteArray(), 0)
            buffer.toHexString().takeLast(16) shouldBe "6465666500000000"
            Struct("I3sf").unpackFrom(buffer, 0).long(0) shouldBe 1
            Struct("4sI").unpackFrom(buffer, 12).bytes(0).decodeToString() shouldBe "defe"
        }

        "the private protocol's header" {
            Struct("<iii").pack(1, 24, 101).toHexString() shouldBe "010000001800000065000000"
            val (version, bodySize, command) = Struct("<iii").unpack(bytes("010000001800000065000000"))
            listOf(version, bodySize, command) shouldBe listOf(1, 24, 101)
        }

        "the sizes of the format table" {
            val native = "xcbB?hHiIlLqQfdP".associateWith { Struct("$it").size }
            native shouldBe "xcbB?hHiIlLqQfdP".toList().zip(listOf(1, 1, 1, 1, 1, 2, 2, 4, 4, 8, 8, 8, 8, 4, 8, 8)).toMap()
            for (mark in "<>!=") {
                Struct("${mark}l").size shouldBe 4
                Struct("${mark}L").size shouldBe 4
                shouldThrow<StructException> { Struct("${mark}P") }.message shouldContain "native"
            }
            Struct("10s").size shouldBe 10
            Struct("10p").size shouldBe 10
        }

        "unpacked values are packed like any others, whatever the bytes were" {
            val formats = listOf("<iii", "i3sf", "cq?", "!HBxI", ">QqLb", "5p?d", "P", "=h0sI")
            checkAll(Arb.element(formats), Arb.byteArray(Arb.constant(32), Arb.byte())) { format, random ->
                val struct = Struct(format)
                val values = struct.unpackFrom(random, 0)
                withClue("$format of ${random.toHexString()}") {
                    struct.pack(values).toHexString() shouldBe struct.pack(values.toList()).toHexString()
                    Struct(format).pack(values).toHexString() shouldBe struct.pack(values).toHexString()
                    struct.unpack(struct.pack(values)).toString() shouldBe values.toString() // NaN too
                }
            }
        }

        "unpacked values do not change with the bytes that they came from" {
            val struct = Struct("<i2s")
            val source = bytes("010000006162")
            val values = struct.unpack(source)
            source.fill(0)
            values.bytes(1).fill(0)
            struct.pack(values).also { it.fill(0) }
            values.int(0) shouldBe 1
            values.bytes(1).decodeToString() shouldBe "ab"
        }

        "native formats are aligned, marked ones are not" {
            Struct("cq").size shouldBe 16
            Struct("@cq").size shouldBe 16
            Struct("=cq").size shouldBe 9
            Struct("qc").size shouldBe 9
            Struct("qc0q").size shouldBe 16
            Struct("ch").pack('a'.code.toByte(), 1).toHexString() shouldBe "61000100"
        }

        "blanks between fields and counts" {
            Struct(" 2h  i ").size shouldBe Struct("hhi").size
            Struct("3c").unpack("abc".encodeToByteArray()) shouldBe "abc".map { it.code.toByte() }
            Struct("0i").fieldCount shouldBe 0
        }

        "the type of each field" {
            fun typeOf(format: String) = Struct(format).unpack(ByteArray(Struct(format).size)).single()
            for (format in listOf("b", "B", "h", "H", "i")) withClue(format) { typeOf(format).shouldBeInstanceOf<Int>() }
            for (format in listOf("I", "l", "<l", "<L", "q")) withClue(format) { typeOf(format).shouldBeInstanceOf<Long>() }
            for (format in listOf("L", "Q", "<Q", "P")) withClue(format) { typeOf(format).shouldBeInstanceOf<BigInteger>() }
            typeOf("c").shouldBeInstanceOf<Byte>()
            typeOf("?").shouldBeInstanceOf<Boolean>()
            typeOf("f").shouldBeInstanceOf<Float>()
            typeOf("d").shouldBeInstanceOf<Double>()
            typeOf("s").shouldBeInstanceOf<ByteArray>()
            typeOf("2p").shouldBeInstanceOf<ByteArray>()
        }

        "any integer type is packed, Kotlin's unsigned ones too" {
            val expected = "<Q".let { Struct(it).pack(200L) }.toHexString()
            for (value in listOf<Any>(200, 200L, 200.toShort(), BigInteger.valueOf(200), 200u, 200UL, 200.toUByte(), 200.toUShort())) {
                Struct("<Q").pack(value).toHexString() shouldBe expected
            }
            Struct(">Q").pack(ULong.MAX_VALUE).toHexString() shouldBe "ffffffffffffffff"
        }

        "a value out of range is refused, naming format, field and range" {
            fun refused(format: String, vararg values: Any) = shouldThrow<StructException> { Struct(format).pack(*values) }
            val error = refused("<hB", 1, 256)
            error.format shouldBe "<hB"
            error.fieldIndex shouldBe 1
            error.message shouldBe "Struct \"<hB\", value 1: 'B' takes 0 to 255, but is given 256."
            val ranges =
                mapOf(
                    "b" to (-128L to 127L),
                    "h" to (-32768L to 32767L),
                    "H" to (0L to 65535L),
                    "I" to (0L to 4294967295L),
                    "i" to (Int.MIN_VALUE.toLong() to Int.MAX_VALUE.toLong()),
                    "<l" to (Int.MIN_VALUE.toLong() to Int.MAX_VALUE.toLong()),
                )
            for ((format, range) in ranges) {
                val struct = Struct(format)
                struct.unpack(struct.pack(range.first)).long(0) shouldBe range.first
                struct.unpack(struct.pack(range.second)).long(0) shouldBe range.second
                refused(format, range.first - 1)
                refused(format, range.second + 1)
            }
            refused("Q", -1)
            refused("Q", BigInteger.TWO.pow(64))
            refused("q", BigInteger.TWO.pow(63))
            refused("f", 1e39).message shouldContain "too large"
        }

        "a value of the wrong type is refused" {
            for ((format, value) in listOf("i" to "1", "i" to 1.0, "?" to 1, "c" to "a", "s" to "a", "p" to 1, "f" to "1", "d" to true)) {
                withClue("$format of $value") { shouldThrow<StructException> { Struct(format).pack(value) }.fieldIndex shouldBe 0 }
            }
        }

        "too many values, too few, and bytes of the wrong number are refused" {
            val struct = Struct("<iii")
            shouldThrow<StructException> { struct.pack(1, 2) }.message shouldBe "Struct \"<iii\": it has 3 values, but 2 were given."
            shouldThrow<StructException> { struct.pack(1, 2, 3, 4) }
            shouldThrow<StructException> { struct.unpack(ByteArray(11)) }.message shouldContain "takes 12 bytes, but 11"
            shouldThrow<StructException> { struct.unpack(ByteArray(13)) }
            shouldThrow<StructException> { struct.unpackFrom(ByteArray(13), 2) }
            shouldThrow<StructException> { struct.unpackFrom(ByteArray(13), -1) }
            struct.unpackFrom(ByteArray(13), 1).size shouldBe 3
        }

        "packing into a buffer leaves the rest, and all of it when a value does not fit" {
            val buffer = ByteArray(8) { 0x11 }
            Struct(">H").packInto(buffer, 3, 0xabcd)
            buffer.toHexString() shouldBe "111111abcd111111"
            shouldThrow<StructException> { Struct(">HH").packInto(buffer, 0, 1, -1) }
            shouldThrow<StructException> { Struct(">HH").packInto(buffer, 5, 1, 1) }
            buffer.toHexString() shouldBe "111111abcd111111"
            val direct = ByteBuffer.allocateDirect(8)
            direct.position(6)
            Struct("<I").packInto(direct, 2, 7)
            direct.position() shouldBe 6
            Struct("<I").unpackFrom(direct, 2).long(0) shouldBe 7
        }

        "padding is written as zeros" {
            val buffer = ByteArray(8) { 0x11 }
            Struct("bxi").packInto(buffer, 0, 1, 2)
            buffer.toHexString() shouldBe "0100000002000000"
        }

        "formats that are not understood" {
            for (format in listOf("y", "i!", "3", "<i 3", "99999999999999999999i", "2147483647q", "<@i", "-1i")) {
                withClue(format) { shouldThrow<StructException> { Struct(format) }.format shouldBe format }
            }
        }

        "access by type refuses what does not fit" {
            val values = Struct("Qd").unpack(Struct("Qd").pack(BigInteger.TWO.pow(63), 1.5))
            shouldThrow<ArithmeticException> { values.long(0) }
            shouldThrow<ArithmeticException> { values.int(0) }
            shouldThrow<ClassCastException> { values.long(1) }
            shouldThrow<ClassCastException> { values.bytes(0) }
            "$values" shouldBe "(9223372036854775808, 1.5)"
        }
    })
