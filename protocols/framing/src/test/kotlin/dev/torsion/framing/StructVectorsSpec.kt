// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.math.BigInteger

/** Thousands of formats with the bytes of Python's own struct module; make_struct_vectors.py made them. */
class StructVectorsSpec :
    StringSpec({
        val lines = StructVectorsSpec::class.java.getResource("struct-vectors.txt")!!.readText().lines().filter { it.isNotEmpty() }

        fun value(text: String): Any = when (text[0]) {
            'i' -> BigInteger(text.drop(1))
            't' -> text == "t1"
            'c' -> text.drop(1).hexToByteArray().single()
            's' -> text.drop(1).hexToByteArray()
            'f' -> Double.fromBits(text.drop(1).hexToLong()).toFloat()
            else -> Double.fromBits(text.drop(1).hexToLong())
        }

        fun values(text: String) = if (text.isEmpty()) emptyList() else text.split(' ').map(::value)

        /** Equal when the same bits, whatever the integer type. */
        fun comparable(value: Any): Any = when (value) {
            is ByteArray -> value.toHexString()
            is Int, is Long -> (value as Number).toLong().toBigInteger()
            is Float -> value.toRawBits()
            is Double -> value.toRawBits()
            else -> value
        }

        "every vector packs and unpacks as in Python" {
            val vectors = lines.filterNot { it.startsWith("error") }
            vectors.size shouldBeGreaterThan 3999
            for (line in vectors) {
                val (format, size, hex, given, read) = line.split('\t')
                withClue(line) {
                    val struct = Struct(format)
                    struct.size shouldBe size.toInt()
                    struct.pack(values(given)).toHexString() shouldBe hex
                    struct.unpack(hex.hexToByteArray()).map(::comparable) shouldBe values(read).map(::comparable)
                }
            }
        }

        "what Python refuses is refused" {
            val refused = lines.filter { it.startsWith("error") }
            refused.size shouldBeGreaterThan 8
            for (line in refused) withClue(line) { shouldThrow<StructException> { Struct(line.substringAfter('\t')) } }
        }
    })
