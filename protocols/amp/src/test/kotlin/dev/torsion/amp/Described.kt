// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import java.math.BigDecimal
import java.math.BigInteger
import java.nio.file.Path
import java.time.OffsetDateTime

/** The types of src/test/python/amp_values.py. */
internal val TYPES: Map<String, AmpType<*>> =
    mapOf(
        "integer" to AmpTypes.INTEGER,
        "bytes" to AmpTypes.BYTES,
        "unicode" to AmpTypes.UNICODE,
        "float" to AmpTypes.FLOAT,
        "boolean" to AmpTypes.BOOLEAN,
        "path" to AmpTypes.PATH,
        "decimal" to AmpTypes.DECIMAL,
        "datetime" to AmpTypes.DATE_TIME,
        "integers" to AmpTypes.listOf(AmpTypes.INTEGER),
        "texts" to AmpTypes.listOf(AmpTypes.UNICODE),
        "nested" to AmpTypes.listOf(AmpTypes.listOf(AmpTypes.INTEGER)),
        "rows" to AmpTypes.ampList(Row),
    )

/** The text of a value, as amp_values.py has it. */
internal fun describe(type: String, value: Any?): String = when (value) {
    is BigInteger -> value.toString()
    is ByteArray -> hexOf(value)
    is String -> if (type == "texts") value.encodeToByteArray().toHexString() else hexOf(value.encodeToByteArray())
    is Double -> (if (value.isNaN()) 0x7ff8L shl 48 else value.toRawBits()).toHexString()
    true -> "T"
    false -> "F"
    null -> "n"
    is Path -> hexOf(value.toString().encodeToByteArray())
    is BigDecimal -> "${value.unscaledValue()}e${-value.scale()}"
    is OffsetDateTime ->
        value.run { "$year,$monthValue,$dayOfMonth,$hour,$minute,$second,${nano / 1000},${offset.totalSeconds / 60}" }
    is List<*> -> value.joinToString(",", "[", "]") { describe(type, it) }
    is Values ->
        listOf(
            "${value[Row.id]}",
            value[Row.name].encodeToByteArray().toHexString(),
            describe("", value[Row.flag]),
            describe("", value[Row.more]),
        )
            .joinToString(":")
    else -> error("a ${value.javaClass} came")
}

internal fun describe(box: AmpBox): String =
    box.keys().sorted().joinToString(",") { "${it.toByteArray(Charsets.ISO_8859_1).toHexString()}=${box[it]!!.toHexString()}" }

internal fun hexOf(bytes: ByteArray): String = bytes.toHexString().ifEmpty { "." }

internal fun bytesOf(hex: String): ByteArray = if (hex == ".") ByteArray(0) else hex.hexToByteArray()
