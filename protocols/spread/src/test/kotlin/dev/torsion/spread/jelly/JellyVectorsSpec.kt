// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.spread.banana.BananaDecoder
import dev.torsion.spread.banana.BananaDialect
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaEncoder
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.bytes
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.math.BigDecimal
import java.math.BigInteger
import java.nio.ByteBuffer
import java.time.Duration
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.util.IdentityHashMap
import java.util.zip.GZIPInputStream

/** Values jellied and bananaed by real Twisted: src/test/python/jelly_vectors.py writes them. */
class JellyVectorsSpec :
    FunSpec({
        val vectors = vectors()

        test("there are vectors") { vectors.size shouldBeGreaterThan 2000 }

        test("what Twisted has written is read as the value it was, and written again byte for byte") {
            for ((description, pb, none) in vectors) {
                withClue(description.take(300)) {
                    for ((hex, dialect) in listOf(pb to BananaDialect.PB, none to BananaDialect.NONE)) {
                        val element = decode(hex, dialect)
                        val value = Jelly().unjelly(element)
                        buildString { describe(value, IdentityHashMap(), this) } shouldBe description
                        val again = Jelly().jelly(value)
                        BananaEncoder().encode(again, dialect).toHexString() shouldBe hex
                    }
                }
            }
        }
    })

internal fun vectors(): List<Triple<String, String, String>> =
    GZIPInputStream(JellyVectorsSpec::class.java.getResourceAsStream("jelly-vectors.txt.gz")).bufferedReader().useLines { lines ->
        lines.filterNot { it.startsWith("#") }.map { it.split(' ') }.map { (what, pb, none) -> Triple(what, pb, none) }.toList()
    }

internal fun decode(hex: String, dialect: BananaDialect): BananaElement {
    val input = ByteBuffer.wrap(bytes(hex))
    val element = BananaDecoder().apply { this.dialect = dialect }.decode(input)!!
    check(!input.hasRemaining()) { "more than one element" }
    return element
}

/** The value, as the first field of the vectors says it. */
private fun describe(value: Any?, met: IdentityHashMap<Any, Int>, to: StringBuilder) {
    when (value) {
        null -> to.append('n')
        true -> to.append('T')
        false -> to.append('F')
        is Long -> to.append('i').append(value)
        is BigInteger -> to.append('i').append(value)
        is Double -> to.append('f').append(value.toRawBits().toHexString())
        is Bytes -> to.append('b').append(value.toByteArray().toHexString())
        is String -> to.append('u').append(value.encodeToByteArray().toHexString())
        is BigDecimal -> to.append('x').append(value.unscaledValue()).append('e').append(-value.scale())
        is LocalDateTime -> to.append("dt").append(ymd(value.toLocalDate())).append(',').append(hms(value.toLocalTime()))
        is LocalDate -> to.append("da").append(ymd(value))
        is LocalTime -> to.append("ti").append(hms(value))
        is Duration -> {
            val days = Math.floorDiv(value.seconds, 86_400L)
            to.append("td$days,${value.seconds - days * 86_400},${value.nano / 1000}")
        }
        else -> collection(value, met, to)
    }
}

private fun collection(value: Any, met: IdentityHashMap<Any, Int>, to: StringBuilder) {
    met[value]?.let { number ->
        to.append('@').append(number)
        return
    }
    met[value] = met.size
    fun all(letter: Char, values: Iterable<Any?>) {
        to.append(letter).append('(')
        values.forEachIndexed { i, part ->
            if (i > 0) to.append(',')
            describe(part, met, to)
        }
        to.append(')')
    }
    when (value) {
        is List<*> -> all('L', value)
        is Tuple -> all('T', value)
        is FrozenSet<*> -> all('Z', value)
        is Set<*> -> all('S', value)
        is Map<*, *> -> {
            to.append("D(")
            value.entries.forEachIndexed { i, (k, v) ->
                if (i > 0) to.append(',')
                describe(k, met, to)
                to.append('=')
                describe(v, met, to)
            }
            to.append(')')
        }
        else -> error("a ${value.javaClass} came")
    }
}

private fun ymd(date: LocalDate) = "${date.year},${date.monthValue},${date.dayOfMonth}"

private fun hms(time: LocalTime) = "${time.hour},${time.minute},${time.second},${time.nano / 1000}"
