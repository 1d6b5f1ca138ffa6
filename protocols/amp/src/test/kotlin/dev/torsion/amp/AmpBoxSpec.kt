// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.net.ProtocolViolationException
import dev.torsion.testkit.Chunking
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import java.util.Random

/** The format: boxes to bytes and back. */
class AmpBoxSpec :
    FunSpec({
        test("a box has its keys in the order of their bytes") {
            val box = AmpBox.builder().put("b", "81").put("_command", "Sum").put("a", "13").put("_ask", "1").build()
            box.encode().toHexString() shouldBe "00045f61736b00013100085f636f6d6d616e64000353756d00016100023133000162000238310000"
            AmpBox.builder().put("\u00ff", "x").put("a", "").build().encode().toHexString() shouldBe "00016100000001ff0001780000"
            AmpBox.EMPTY.encode().toHexString() shouldBe "0000"
        }

        test("a box is a value") {
            val box = AmpBox.builder().put("a", "13").put("b", byteArrayOf(1)).build()
            box shouldBe AmpBox.builder().put("b", byteArrayOf(1)).put("a", "13").build()
            box.hashCode() shouldBe AmpBox.builder().put("b", byteArrayOf(1)).put("a", "13").build().hashCode()
            box shouldNotBe AmpBox.builder().put("a", "13").build()
            box.size shouldBe 2
            box.keys() shouldBe setOf("a", "b")
            box.text("a") shouldBe "13"
            box["x"].shouldBeNull()
            ("a" in box) shouldBe true
            box["b"]!![0] = 7
            box["b"] shouldBe byteArrayOf(1)
            AmpBox.builder().put("k\n", byteArrayOf(27)).build().toString() shouldBe "AmpBox(k\\n: '\\x1b')"
            shouldThrow<IllegalArgumentException> { AmpBox.builder().put("", "x") }
            shouldThrow<IllegalArgumentException> { AmpBox.builder().put("\u0100", "x") }
            shouldThrow<IllegalArgumentException> { AmpBox.builder().put("a", "x").put("a", "y") }
            shouldThrow<IllegalArgumentException> { AmpBox.builder().put("a", "\ud800") }
        }

        test("keys of 255 and values of 65,535 bytes are written and read; one more is refused before a byte is made") {
            val longest = AmpBox.builder().put("k".repeat(255), "v".repeat(65_535)).build()
            AmpBoxDecoder().decode(ByteBuffer.wrap(longest.encode())) shouldBe longest
            shouldThrow<TooLongException> { AmpBox.builder().put("k".repeat(256), "").build().encode() }.run {
                isKey shouldBe true
                length shouldBe 256
            }
            shouldThrow<TooLongException> { AmpBox.builder().put("key", "v".repeat(65_536)).build().encode() }.run {
                isKey shouldBe false
                key shouldBe "key"
                length shouldBe 65_536
                message shouldContain "65535"
            }
        }

        test("random boxes survive whole, byte by byte, at every split and in random pieces, with what follows left alone") {
            val random = Random(1)
            repeat(300) { round ->
                val boxes = List(1 + random.nextInt(3)) { randomBox(random) }
                val bytes = boxes.fold(ByteArray(0)) { sum, box -> sum + box.encode() }
                val chunkings = listOf(Chunking.whole(), Chunking.byteByByte(), Chunking.random(round.toLong()))
                val splits = if (bytes.size < 200) (1 until bytes.size).map(Chunking::splitAt) else emptyList()
                for (chunking in chunkings + splits) decodeAll(bytes, chunking) shouldBe boxes
                decodeAll(bytes.copyOf(bytes.size - 1), Chunking.whole()) shouldBe boxes.dropLast(1)
            }
        }

        test("the longest value comes in pieces of every kind") {
            val box = AmpBox.builder().put("a", "1").put("v", ByteArray(65_535) { it.toByte() }).build()
            for (chunking in listOf(Chunking.whole(), Chunking.fixed(1), Chunking.fixed(1000), Chunking.random(3))) {
                decodeAll(box.encode() + box.encode(), chunking) shouldBe listOf(box, box)
            }
        }

        test("a key that is too long is seen at the first byte of its length, and the decoder is of no use from then on") {
            val decoder = AmpBoxDecoder()
            val violation = shouldThrow<ProtocolViolationException> { decoder.decode(ByteBuffer.wrap(byteArrayOf(1))) }
            shouldThrow<ProtocolViolationException> { decoder.decode(ByteBuffer.wrap(byteArrayOf(0, 0))) } shouldBe violation
        }

        test("a box over the limits is refused at the length that passes them") {
            fun decoding(limits: AmpLimits, box: AmpBox) = runCatching { AmpBoxDecoder(limits).decode(ByteBuffer.wrap(box.encode())) }
            val three = AmpBox.builder().put("a", "").put("b", "").put("c", "").build()
            decoding(AmpLimits.DEFAULT.withMaxPairs(3), three).getOrThrow() shouldBe three
            shouldThrow<ProtocolViolationException> {
                decoding(AmpLimits.DEFAULT.withMaxPairs(2), three).getOrThrow()
            }.message shouldContain
                "2 keys"
            val box = AmpBox.builder().put("a", "x".repeat(93)).build()
            box.encode().size shouldBe 100
            decoding(AmpLimits.DEFAULT.withMaxBoxBytes(100), box).getOrThrow() shouldBe box
            shouldThrow<ProtocolViolationException> { decoding(AmpLimits.DEFAULT.withMaxBoxBytes(99), box).getOrThrow() }
            val early = AmpBoxDecoder(AmpLimits.DEFAULT.withMaxBoxBytes(99))
            shouldThrow<ProtocolViolationException> { early.decode(ByteBuffer.wrap("000161ffff".hexToByteArray())) }
        }

        test("a key that comes twice is a violation, also among many") {
            for (count in listOf(2, 9, 500)) {
                val pairs = (1 until count).map { "%04d".format(it) } + "0001"
                val bytes = pairs.joinToString("") { "0004" + it.toByteArray().toHexString() + "000178" } + "0000"
                shouldThrow<ProtocolViolationException> { AmpBoxDecoder().decode(ByteBuffer.wrap(bytes.hexToByteArray())) }
                    .message shouldContain "twice"
            }
        }

        test("what a length announces takes no memory before it has come") {
            val begun = "000161ffff78".hexToByteArray()
            val decoders = List(200_000) { AmpBoxDecoder().apply { decode(ByteBuffer.wrap(begun)).shouldBeNull() } } // else 13 GB
            decoders.all { it.isInBox } shouldBe true
        }

        test("fuzz: any bytes are boxes or a violation, the same in any pieces") {
            val random = Random(2)
            var boxes = 0
            var violations = 0
            repeat(100_000) { round ->
                val bytes = fuzzBytes(random)
                val whole = runCatching { decodeAll(bytes, Chunking.whole(), SMALL) }
                val pieces = runCatching { decodeAll(bytes, Chunking.random(round.toLong()), SMALL) }
                withClue(bytes.toHexString()) {
                    pieces.getOrNull() shouldBe whole.getOrNull()
                    whole.exceptionOrNull()?.let { (it is ProtocolViolationException) shouldBe true }
                }
                if (whole.isFailure) violations++ else boxes += whole.getOrThrow().size
                for (box in whole.getOrDefault(emptyList())) AmpBoxDecoder().decode(ByteBuffer.wrap(box.encode())) shouldBe box
            }
            boxes shouldBeGreaterThan 5_000
            violations shouldBeGreaterThan 5_000
        }
    })

private val SMALL = AmpLimits.DEFAULT.withMaxPairs(4).withMaxBoxBytes(200)

internal fun fuzzBytes(random: Random): ByteArray = when (random.nextInt(3)) {
    0 -> ByteArray(random.nextInt(40)).also(random::nextBytes)
    1 -> ByteArray(random.nextInt(60)) { if (random.nextInt(3) > 0) 0 else random.nextInt(6).toByte() }
    else -> {
        val bytes = randomBox(random).encode() + randomBox(random).encode()
        repeat(random.nextInt(3)) { bytes[random.nextInt(bytes.size)] = random.nextInt(256).toByte() }
        bytes.copyOf(random.nextInt(bytes.size + 1))
    }
}

internal fun randomBox(random: Random): AmpBox {
    val box = AmpBox.builder()
    repeat(1 + random.nextInt(4)) { i ->
        val key = "$i" + String(ByteArray(random.nextInt(5)).also(random::nextBytes), Charsets.ISO_8859_1)
        box.put(key, ByteArray(random.nextInt(if (random.nextInt(20) == 0) 700 else 10)).also(random::nextBytes))
    }
    return box.build()
}

internal fun decodeAll(bytes: ByteArray, chunking: Chunking = Chunking.whole(), limits: AmpLimits = AmpLimits.DEFAULT): List<AmpBox> {
    val decoder = AmpBoxDecoder(limits)
    val boxes = ArrayList<AmpBox>()
    val stream = chunking.newStream()
    var at = 0
    while (at < bytes.size) {
        val count = minOf(stream.applyAsInt(bytes.size - at), bytes.size - at)
        val input = ByteBuffer.wrap(bytes.copyOfRange(at, at + count))
        while (true) boxes.add(decoder.decode(input) ?: break)
        check(!input.hasRemaining()) { "bytes are left" }
        at += count
    }
    return boxes
}
