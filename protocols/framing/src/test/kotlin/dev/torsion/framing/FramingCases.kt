// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteOrder

/** One framing with what the contract needs to know of it. Its limit is small, so that every split of everything can be tried. */
class FramingCase(
    val framing: Framing,
    /** Payloads that it can carry, the largest allowed one among them. */
    val payloads: List<ByteArray>,
    /** The shortest bytes that show a frame over the limit; null where there is no limit to break. */
    val oversize: ByteArray?,
    val limit: Long,
    /** Bytes that are no frame. */
    val malformed: List<ByteArray> = emptyList(),
)

private const val LIMIT = 20

private fun payload(size: Int) = ByteArray(size) { ('a' + it % 26).code.toByte() }

private val strings = listOf(payload(5), payload(0), payload(1), payload(LIMIT), "\u00e9\u0000".encodeToByteArray())

private fun ascii(text: String) = text.encodeToByteArray()

val framingCases: List<FramingCase> =
    listOf(
        FramingCase(LineFraming(maxLength = LIMIT), strings, payload(LIMIT + 2), 20),
        FramingCase(LineFraming(ascii("<end>"), LIMIT), strings + ascii("<en<d>"), payload(LIMIT + 5), 20),
        FramingCase(LineFraming(ascii("\n"), LIMIT), strings + ascii("\r"), payload(LIMIT + 1), 20),
        FramingCase(LineFraming(ascii("aab"), LIMIT), listOf(ascii("a"), ascii("x"), ascii("baa"), ascii("")), ascii("x".repeat(23)), 20),
        FramingCase(LineFraming.anyNewline(LIMIT), strings, payload(LIMIT + 2), 20),
        FramingCase(IntPrefixFraming(1, maxLength = LIMIT), strings, bytes("15"), 20),
        FramingCase(IntPrefixFraming(2, maxLength = LIMIT), strings, bytes("0015"), 20),
        FramingCase(IntPrefixFraming(2, ByteOrder.LITTLE_ENDIAN, LIMIT), strings, bytes("1500"), 20),
        FramingCase(IntPrefixFraming(4, maxLength = LIMIT), strings, bytes("ffffffff"), 20),
        FramingCase(IntPrefixFraming(4, ByteOrder.LITTLE_ENDIAN, LIMIT), strings, bytes("15000000"), 20),
        FramingCase(
            NetstringFraming(LIMIT),
            strings,
            ascii("21"),
            20,
            listOf("05:hello,", "00:,", ":,", "x", "-1:", " 1:a,", "1:a;", "+5:hello,", "1 :a,", "5:hellox").map(::ascii),
        ),
        FramingCase(FixedFraming(7), listOf(payload(7), ByteArray(7)), null, 7),
        FramingCase(
            HeaderFraming(Struct("<iii"), lengthField = 1, maxBody = LIMIT),
            listOf(5, 0, LIMIT).map { Struct("<iii").pack(1, it, 101) + payload(it) },
            Struct("<iii").pack(1, 21, 101),
            20,
            listOf(Struct("<iii").pack(1, -1, 101)),
        ),
        FramingCase(
            HeaderFraming(Struct(">BQ"), lengthField = 1, maxBody = LIMIT),
            listOf(5, 0, LIMIT).map { Struct(">BQ").pack(1, it) + payload(it) },
            bytes("01 ffffffffffffffff"),
            20,
        ),
    )
