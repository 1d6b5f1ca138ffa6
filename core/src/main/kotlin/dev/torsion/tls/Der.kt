// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.io.ByteArrayOutputStream
import java.math.BigInteger
import java.time.Instant
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter

/** Writes the few kinds of values of DER (X.690) that keys and certificates are made of. */
internal object Der {
    fun sequence(vararg parts: ByteArray): ByteArray = tagged(0x30, *parts)

    fun set(vararg parts: ByteArray): ByteArray = tagged(0x31, *parts)

    /** The context's own value [number], made of [parts]. */
    fun context(number: Int, vararg parts: ByteArray): ByteArray = tagged(0xa0 or number, *parts)

    /** The same for a value whose kind is implied. */
    fun implicit(number: Int, content: ByteArray): ByteArray = tagged(0x80 or number, content)

    fun integer(value: BigInteger): ByteArray = tagged(2, value.toByteArray())

    fun boolean(value: Boolean): ByteArray = tagged(1, byteArrayOf(if (value) -1 else 0))

    fun octets(content: ByteArray): ByteArray = tagged(4, content)

    /** A string of whole bytes, or with [unused] bits at its end. */
    fun bits(content: ByteArray, unused: Int = 0): ByteArray = tagged(3, byteArrayOf(unused.toByte()), content)

    fun utf8(text: String): ByteArray = tagged(12, text.toByteArray())

    /** A date as certificates have it (RFC 5280, 4.1.2.5): UTCTime through the year 2049, GeneralizedTime from then on. */
    fun time(at: Instant): ByteArray {
        val date = at.atOffset(ZoneOffset.UTC)
        val isShort = date.year in YEARS_OF_TWO_DIGITS
        return tagged(if (isShort) 0x17 else 0x18, (if (isShort) UTC else GENERALIZED).format(date).toByteArray(Charsets.US_ASCII))
    }

    val NULL: ByteArray = byteArrayOf(5, 0)

    fun oid(dotted: String): ByteArray {
        val arcs = dotted.split('.').map { it.toInt() }
        val out = ByteArrayOutputStream()
        out.write(arcs[0] * ARCS_OF_FIRST + arcs[1])
        arcs.drop(2).forEach { arc ->
            val groups = generateSequence(arc) { (it ushr 7).takeIf { rest -> rest > 0 } }.map { it and 0x7f }.toList().asReversed()
            groups.forEachIndexed { i, group -> out.write(if (i < groups.size - 1) group or 0x80 else group) }
        }
        return tagged(6, out.toByteArray())
    }

    private fun tagged(tag: Int, vararg parts: ByteArray): ByteArray {
        val out = ByteArrayOutputStream()
        val length = parts.sumOf { it.size }
        out.write(tag)
        if (length < 0x80) {
            out.write(length)
        } else {
            val bytes = BigInteger.valueOf(length.toLong()).toByteArray().dropWhile { it == 0.toByte() }.toByteArray()
            out.write(0x80 or bytes.size)
            out.writeBytes(bytes)
        }
        parts.forEach(out::writeBytes)
        return out.toByteArray()
    }

    private const val ARCS_OF_FIRST = 40
    private val YEARS_OF_TWO_DIGITS = 1950..2049
    private val UTC = DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'")
    private val GENERALIZED = DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'")
}
