// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.BodyTooLargeException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.ByteArrayOutputStream
import java.util.Base64
import java.util.zip.Deflater
import java.util.zip.GZIPOutputStream
import kotlin.random.Random

/** The codings of bodies, whole, byte by byte and in random pieces. */
class DecodingSpec :
    FunSpec({
        val text = ByteArray(50_000) { (it * it % 251).toByte() }

        test("gzip, deflate of both kinds, br, and several of them, whatever the pieces") {
            val coded = mapOf(
                gzip(text) to listOf(::Gunzip),
                deflate(text, false) to listOf(::Deflate),
                deflate(text, true) to listOf(::Deflate),
                gzip(deflate(text, false)) to listOf(::Gunzip, ::Deflate),
                gzip(text.copyOf(20_000)) + gzip(text.copyOfRange(20_000, 50_000)) to listOf(::Gunzip),
            )
            for ((bytes, decoders) in coded) {
                for (pieces in pieces(bytes)) decode(pieces, decoders.map { it() }).contentEquals(text) shouldBe true
            }
            val brotli = Base64.getDecoder().decode(BROTLI)
            for (pieces in pieces(brotli)) decode(pieces, listOf(Brotli(1000))).decodeToString() shouldBe "hello hello hello hello\n"
        }

        test("a gzip head with all of its fields") {
            val member = gzip(text)
            val fields = byteArrayOf(3, 0, 1, 2, 3) + "a name".toByteArray() + 0 + "a comment".toByteArray() + 0 + byteArrayOf(0, 0)
            val bytes = member.copyOf(10).also { it[3] = (2 + 4 + 8 + 16).toByte() } + fields + member.copyOfRange(10, member.size)
            for (pieces in pieces(bytes)) decode(pieces, listOf(Gunzip())).contentEquals(text) shouldBe true
            val endless = member.copyOf(10).also { it[3] = 8 } + ByteArray(20_000) { 'a'.code.toByte() }
            shouldThrow<ContentCodingException> { decode(listOf(endless), listOf(Gunzip())) }.message shouldContain "head of more than"
        }

        test("a body of no bytes is in any coding") {
            for (decoder in listOf(Gunzip(), Deflate(), Brotli(100))) decode(emptyList(), listOf(decoder)).size shouldBe 0
        }

        test("an end that is missing, at whatever byte, is an error") {
            val small = "hello".toByteArray()
            for ((name, bytes, decoder) in listOf(
                Triple("gzip", gzip(small), ::Gunzip),
                Triple("zlib", deflate(small, false), ::Deflate),
                Triple("raw", deflate(small, true), ::Deflate),
                Triple("br", Base64.getDecoder().decode(BROTLI)) { Brotli(100) },
            )) {
                for (size in 1 until bytes.size) {
                    withClue("$name $size") {
                        shouldThrow<ContentCodingException> { decode(listOf(bytes.copyOf(size)), listOf(decoder())) }
                    }
                }
            }
        }

        test("what stands behind the end is an error, and so are wrong sums and other bytes") {
            val small = "hello".toByteArray()
            for (wrong in listOf(gzip(small) + "x".toByteArray(), gzip(small) + ByteArray(8), "not gzip at all".toByteArray())) {
                for (pieces in pieces(wrong)) shouldThrow<ContentCodingException> { decode(pieces, listOf(Gunzip())) }
            }
            for (pieces in pieces(deflate(small, false) + 1)) shouldThrow<ContentCodingException> { decode(pieces, listOf(Deflate())) }
            val sum = gzip(small).also { it[it.size - 8]++ }
            shouldThrow<ContentCodingException> { decode(listOf(sum), listOf(Gunzip())) }.message shouldContain "check sum"
            val length = gzip(small).also { it[it.size - 1]++ }
            shouldThrow<ContentCodingException> { decode(listOf(length), listOf(Gunzip())) }
        }

        test("a bomb ends at the ratio or at the size, whichever coding it is in, and no piece is large") {
            val bomb = gzip(ByteArray(20_000_000))
            shouldThrow<ContentCodingException> { decode(listOf(bomb), listOf(Gunzip())) }.message shouldContain "200 times"
            val patient = DecodingLimits.DEFAULT.withMaxRatio(5_000)
            decode(listOf(bomb), listOf(Gunzip()), patient).size shouldBe 20_000_000
            shouldThrow<BodyTooLargeException> { decode(listOf(bomb), listOf(Gunzip()), patient.withMaxBytes(1_000_000)) }.limit shouldBe
                1_000_000
            // The inner coding gives nothing at all: empty members.
            val hollow = ByteArrayOutputStream().also { all -> repeat(200_000) { all.write(gzip(ByteArray(0))) } }.toByteArray()
            shouldThrow<ContentCodingException> { decode(listOf(gzip(hollow)), listOf(Gunzip(), Gunzip()), patient.withMaxRatio(100)) }
        }

        test("br has a limit before it is decoded") {
            shouldThrow<BodyTooLargeException> { decode(listOf(ByteArray(101)), listOf(Brotli(100))) }
        }

        test("a flipped byte gives the right bytes, or an error; never other ones, in gzip") {
            val random = Random(7)
            val good = gzip(text.copyOf(2_000))
            repeat(2_000) {
                val bytes = good.copyOf().also { it[random.nextInt(it.size)] = random.nextInt().toByte() }
                val result = try {
                    decode(listOf(bytes), listOf(Gunzip()))
                } catch (_: ContentCodingException) {
                    null
                }
                if (result != null) result.contentEquals(text.copyOf(2_000)) shouldBe true
            }
        }
    })

/** "hello hello hello hello" and the end of a line, by the encoder of node. */
private const val BROTLI = "GxcA+I2Ubt5EVYbWCiBsb0oReeKArhY="

private fun gzip(bytes: ByteArray) = ByteArrayOutputStream().also { out -> GZIPOutputStream(out).use { it.write(bytes) } }.toByteArray()

private fun deflate(bytes: ByteArray, isRaw: Boolean): ByteArray {
    val deflater = Deflater(Deflater.DEFAULT_COMPRESSION, isRaw).apply {
        setInput(bytes)
        finish()
    }
    val out = ByteArray(bytes.size + 100)
    return out.copyOf(deflater.deflate(out)).also { deflater.end() }
}

private fun pieces(bytes: ByteArray): List<List<ByteArray>> {
    val random = Random(3)
    val chunks = ArrayList<ByteArray>()
    var at = 0
    while (at < bytes.size) {
        val size = random.nextInt(1, 300).coerceAtMost(bytes.size - at)
        chunks.add(bytes.copyOfRange(at, at + size))
        at += size
    }
    return listOf(listOf(bytes), bytes.map { byteArrayOf(it) }, chunks)
}

private fun decode(pieces: List<ByteArray>, decoders: List<Decoder>, limits: DecodingLimits = DecodingLimits.DEFAULT): ByteArray =
    Decoding(decoders, limits).use { decoding ->
        val whole = ByteArrayOutputStream()
        val next = pieces.iterator()
        while (!decoding.isDone) {
            val piece = decoding.output()
            when {
                piece != null -> {
                    check(piece.size in 1..Decoder.PIECE)
                    whole.write(piece)
                }
                decoding.isDone -> Unit
                next.hasNext() -> decoding.input(next.next())
                else -> decoding.end()
            }
        }
        whole.toByteArray()
    }
