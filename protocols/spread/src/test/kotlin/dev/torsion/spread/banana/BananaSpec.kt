// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.banana

import dev.torsion.net.ProtocolViolationException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.math.BigInteger
import java.nio.ByteBuffer
import java.util.Random

/** Banana by its golden bytes, in every piece, at its limits, and with bytes that mean nothing. */
class BananaSpec :
    FunSpec({
        test("integers of every size have Twisted's bytes") {
            val numbers =
                listOf(1, -1, 0, 127, 128, Int.MAX_VALUE).map { BananaInteger.of(it.toLong()) } +
                    listOf(1L shl 31, -(1L shl 31), -(1L shl 31) - 1).map { BananaInteger.of(it) } +
                    listOf(BigInteger.ONE.shiftLeft(63), BigInteger.ONE.shiftLeft(100)).map { BananaInteger.of(it) }
            val golden =
                "0b80" + "0181" + "0183" + "0081" + "7f81" + "000181" + "7f7f7f7f0781" + "000000000885" + "000000000883" + "010000000886" +
                    "0000000000000000000185" + "00000000000000000000000000000485"
            encode(BananaList(numbers)) shouldBe golden
            decode(golden) shouldBe BananaList(numbers)
        }

        test("floats, strings and words have Twisted's bytes") {
            val floats = BananaList.of(BananaFloat(1.5), BananaFloat(Double.POSITIVE_INFINITY))
            encode(floats) shouldBe "0280843ff8000000000000847ff0000000000000"
            encode(Bytes.utf8("login"), BananaDialect.PB) shouldBe "1487"
            encode(Bytes.utf8("login")) shouldBe "05826c6f67696e"
            encode(BananaList.of(Bytes.utf8("pb"), Bytes.utf8("none"))) shouldBe "02800282706204826e6f6e65"
            encode(BananaList.of()) shouldBe "0080"
        }

        test("numbers are read whatever zeros stand behind their digits, and without any") {
            decode("0500000081") shouldBe BananaInteger.of(5)
            decode("81") shouldBe BananaInteger.of(0)
            decode("0083") shouldBe BananaInteger.of(0)
            decode("7f".repeat(9) + "85") shouldBe BananaInteger.of(Long.MAX_VALUE)
            decode("00".repeat(9) + "0186") shouldBe BananaInteger.of(Long.MIN_VALUE)
            decode("05" + "00".repeat(63) + "82" + "61".repeat(5)) shouldBe Bytes.utf8("aaaaa")
        }

        test("the largest number has 448 bits, in both directions") {
            val largest = BigInteger.ONE.shiftLeft(448) - BigInteger.ONE
            val hex = "7f".repeat(64)
            encode(BananaInteger.of(largest)) shouldBe hex + "85"
            decode(hex + "86") shouldBe BananaInteger.of(largest.negate())
            shouldThrow<UnsendableValueException> { encode(BananaInteger.of(largest + BigInteger.ONE)) }.message shouldContain "448"
            refused(hex + "01") shouldContain "64 bytes"
        }

        test("640 Ki is the most a string or a list may have") {
            val most = 640 * 1024
            decode(encode(Bytes.of(ByteArray(most)))) shouldBe Bytes.of(ByteArray(most))
            shouldThrow<UnsendableValueException> { encode(Bytes.of(ByteArray(most + 1))) }.message shouldContain "pages"
            refused("01002882") shouldContain "655361"
            refused("01002880") shouldContain "655361"
            refused("7f".repeat(20) + "82") shouldContain "2^63"
            val long = BananaList(List(most + 1) { BananaInteger.of(0) })
            shouldThrow<UnsendableValueException> { encode(long) }.message shouldContain "655361"
        }

        test("depth, elements and bytes of one element are limited, before memory is spent") {
            val limits = BananaLimits(maxDepth = 3, maxElements = 10, maxBytes = 8)
            refused("01800180018001800181", limits) shouldContain "deeper"
            refused("0b80", limits) shouldContain "10 elements"
            refused("0280088000810081008100810081008100810081" + "0281", limits) shouldContain "10 elements"
            refused("02800582616161616104826161", limits) shouldContain "8 bytes"
            val encoder = BananaEncoder(limits)
            val nested = (1..4).fold(BananaInteger.of(1) as BananaElement) { inner, _ -> BananaList.of(inner) }
            shouldThrow<UnsendableValueException> { encoder.encode(nested) }
            shouldThrow<UnsendableValueException> { encoder.encode(BananaList(List(10) { BananaInteger.of(1) })) }
            shouldThrow<UnsendableValueException> { encoder.encode(BananaList(List(3) { Bytes.utf8("abc") })) }
        }

        test("a string that is only announced takes little memory") {
            val decoder = BananaDecoder()
            decoder.decode(ByteBuffer.wrap(bytes("00002882"))) shouldBe null // 640 Ki
            val body = BananaDecoder::class.java.getDeclaredField("body").apply { isAccessible = true }
            (body.get(decoder) as ByteArray).size shouldBe 4096
        }

        test("an unknown type, and a word in the wrong dialect or of no number, are violations; and so is all that follows") {
            refused("88") shouldContain "0x88"
            refused("ff") shouldContain "0xff"
            refused("1487", dialect = BananaDialect.NONE) shouldContain "dialect pb"
            refused("2087", dialect = BananaDialect.PB) shouldContain "vocabulary"
            refused("0087", dialect = BananaDialect.PB) shouldContain "vocabulary"
            val decoder = BananaDecoder()
            val first = shouldThrow<ProtocolViolationException> { decoder.decode(ByteBuffer.wrap(bytes("88"))) }
            shouldThrow<ProtocolViolationException> { decoder.decode(ByteBuffer.wrap(bytes("0181"))) } shouldBe first
        }

        test("each element ends where it ends: what follows stays in the buffer") {
            val decoder = BananaDecoder()
            val input = ByteBuffer.wrap(bytes("0180" + "0181" + "0282" + "6869" + "05"))
            decoder.decode(input) shouldBe BananaList.of(BananaInteger.of(1))
            decoder.isInsideElement shouldBe false
            decoder.decode(input) shouldBe Bytes.utf8("hi")
            decoder.decode(input) shouldBe null
            decoder.isInsideElement shouldBe true
        }

        test("random elements survive whole, byte by byte, and at every split") {
            val random = Random(1)
            repeat(200) {
                val element = randomElement(random, 4)
                val bytes = BananaEncoder().encode(element, BananaDialect.PB)
                decodePieces(listOf(bytes)) shouldBe listOf(element)
                decodePieces(bytes.map { byteArrayOf(it) }) shouldBe listOf(element)
                if (bytes.size < 400) {
                    for (cut in 0..bytes.size) {
                        decodePieces(listOf(bytes.copyOfRange(0, cut), bytes.copyOfRange(cut, bytes.size))) shouldBe listOf(element)
                    }
                }
            }
        }

        test("fuzz: any bytes are elements or a violation, the same in any pieces, in bounded memory") {
            val random = Random(2)
            val limits = BananaLimits(maxSize = 5_000, maxDepth = 20, maxElements = 500, maxBytes = 5_000)
            repeat(20_000) {
                val bytes = fuzzBytes(random)
                val whole = outcome(listOf(bytes), limits)
                outcome(bytes.map { byteArrayOf(it) }, limits) shouldBe whole
            }
        }

        test("bytes from a peer are shown escaped and bounded") {
            Bytes.of("a\n\u0000".toByteArray() + byteArrayOf(-1)).toString() shouldBe "b'a\\n\\x00\\xff'"
            Bytes.of(ByteArray(1000)).toString() shouldBe "b'" + "\\x00".repeat(20) + "... (980 more bytes)'"
        }
    })

private fun encode(element: BananaElement, dialect: BananaDialect = BananaDialect.NONE) =
    BananaEncoder().encode(element, dialect).toHexString()

private fun decode(hex: String) = decodePieces(listOf(bytes(hex))).single()

private fun refused(hex: String, limits: BananaLimits = BananaLimits.DEFAULT, dialect: BananaDialect = BananaDialect.PB): String {
    val decoder = BananaDecoder(limits).apply { this.dialect = dialect }
    return shouldThrow<ProtocolViolationException> { decoder.decode(ByteBuffer.wrap(bytes(hex))) }.message!!
}

private fun decodePieces(pieces: List<ByteArray>, limits: BananaLimits = BananaLimits.DEFAULT): List<BananaElement> {
    val decoder = BananaDecoder(limits).apply { dialect = BananaDialect.PB }
    return pieces.flatMap { piece ->
        val input = ByteBuffer.wrap(piece).asReadOnlyBuffer()
        generateSequence { decoder.decode(input) }.toList().also { check(!input.hasRemaining()) { "bytes were left" } }
    }
}

/** The elements that came, and what was wrong behind them. */
private fun outcome(pieces: List<ByteArray>, limits: BananaLimits): Pair<List<BananaElement>, String?> {
    val decoder = BananaDecoder(limits).apply { dialect = BananaDialect.PB }
    val elements = ArrayList<BananaElement>()
    try {
        for (piece in pieces) {
            val input = ByteBuffer.wrap(piece)
            while (true) elements.add(decoder.decode(input) ?: break)
        }
    } catch (e: ProtocolViolationException) {
        return elements to e.message
    }
    return elements to null
}

internal fun bytes(hex: String): ByteArray = hex.hexToByteArray()

internal fun randomElement(random: Random, depth: Int): BananaElement = when (random.nextInt(if (depth > 0) 6 else 4)) {
    0 -> BananaInteger.of(BigInteger(random.nextInt(448), random).let { if (random.nextBoolean()) it else it.negate() })
    1 -> BananaInteger.of(random.nextInt(300) - 150L)
    2 -> BananaFloat(java.lang.Double.longBitsToDouble(random.nextLong()))
    3 -> Bytes.of(ByteArray(random.nextInt(20)).also(random::nextBytes)).takeIf { random.nextBoolean() } ?: Vocabulary.word(7)!!
    else -> BananaList(List(random.nextInt(5)) { randomElement(random, depth - 1) })
}

/** Bytes that look like Banana more often than chance would have it. */
internal fun fuzzBytes(random: Random): ByteArray {
    val bytes =
        if (random.nextInt(3) == 0) {
            ByteArray(random.nextInt(40)) { (if (random.nextBoolean()) random.nextInt(6) else 0x80 + random.nextInt(10)).toByte() }
        } else {
            BananaEncoder().encode(randomElement(random, 4), BananaDialect.PB)
        }
    repeat(random.nextInt(4)) { if (bytes.isNotEmpty()) bytes[random.nextInt(bytes.size)] = random.nextInt(256).toByte() }
    return if (random.nextInt(4) == 0) bytes.copyOf(random.nextInt(bytes.size + 1)) else bytes
}
