// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.examples.Output
import dev.torsion.framing.Struct
import java.util.HexFormat

/** Python's `struct`: values to bytes and back. */
fun structPacking(out: Output) {
    val hex = HexFormat.of()

    val native = Struct("i3sf")
    val packed = native.pack(1, "abcabc".encodeToByteArray(), 2.7)
    out.println("i3sf, native alignment: ${hex.formatHex(packed)}")
    val back = native.unpack(packed)
    out.println("three of the six bytes are left: ${back.bytes(1).decodeToString()}; and 2.7 is now ${back.double(2)}")

    val first = Struct("I3sf")
    val second = Struct("4sI")
    val buffer = ByteArray(first.size + second.size)
    first.packInto(buffer, 0, 1, "abc".encodeToByteArray(), 2.7)
    second.packInto(buffer, first.size, "defg".encodeToByteArray(), 101)
    out.println("two structs in ${buffer.size} bytes: ${hex.formatHex(buffer)}")
    val name = second.unpackFrom(buffer, first.size)
    out.println("the second again: ${name.bytes(0).decodeToString()}, ${name.int(1)}")

    val body = """{"company": "oldboyedu"}"""
    val header = Struct("<iii")
    out.println("a header of ${header.size} bytes: ${hex.formatHex(header.pack(1, body.encodeToByteArray().size, 101))}")
}

fun main() = structPacking(Output.CONSOLE)
