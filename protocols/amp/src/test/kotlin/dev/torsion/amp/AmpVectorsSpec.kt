// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.util.zip.GZIPInputStream

/** Values and boxes that real Twisted has written: src/test/python/amp_vectors.py writes them. */
class AmpVectorsSpec :
    FunSpec({
        val vectors = vectors()

        test("there are vectors of every type") {
            vectors.size shouldBeGreaterThan 2000
            vectors.map { it.first }.toSet() shouldBe TYPES.keys + "box"
        }

        test("what Twisted has written is read as the value it was, and written again byte for byte") {
            for ((type, what, hex) in vectors) {
                withClue("$type ${what.take(200)}") {
                    val bytes = bytesOf(hex)
                    if (type == "box") {
                        val input = ByteBuffer.wrap(bytes)
                        val box = AmpBoxDecoder().decode(input)!!
                        input.hasRemaining() shouldBe false
                        describe(box) shouldBe what
                        hexOf(box.encode()) shouldBe hex
                    } else {
                        val value = TYPES.getValue(type).decode(bytes.clone())
                        describe(type, value) shouldBe what
                        @Suppress("UNCHECKED_CAST")
                        hexOf((TYPES.getValue(type) as AmpType<Any>).encode(value)) shouldBe hex
                    }
                }
            }
        }

        test("narrow integers are the same where they fit, and refused where they do not") {
            for ((_, what, hex) in vectors.filter { it.first == "integer" }) {
                withClue(what.take(100)) {
                    val number = what.toBigInteger()
                    val long = runCatching { AmpTypes.LONG.decode(bytesOf(hex)) }
                    val int = runCatching { AmpTypes.INT.decode(bytesOf(hex)) }
                    long.getOrNull()?.toBigInteger() shouldBe number.takeIf { it.bitLength() < 64 }
                    int.getOrNull()?.toLong()?.toBigInteger() shouldBe number.takeIf { it.bitLength() < 32 }
                    long.getOrNull()?.let { hexOf(AmpTypes.LONG.encode(it)) shouldBe hex }
                    int.getOrNull()?.let { hexOf(AmpTypes.INT.encode(it)) shouldBe hex }
                }
            }
        }
    })

internal fun vectors(): List<Triple<String, String, String>> =
    GZIPInputStream(AmpVectorsSpec::class.java.getResourceAsStream("amp-vectors.txt.gz")).bufferedReader().useLines { lines ->
        lines.filterNot { it.startsWith("#") }.map { it.split(' ') }.map { (type, what, hex) -> Triple(type, what, hex) }.toList()
    }
