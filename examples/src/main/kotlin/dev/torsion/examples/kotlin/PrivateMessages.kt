// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.framing.Codec
import dev.torsion.framing.Content
import dev.torsion.framing.HeaderAndBody
import dev.torsion.framing.HeaderCodec
import dev.torsion.framing.Struct
import dev.torsion.framing.StructValues
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement

/** The private protocol: a header of version, length of the body, and command, as three little-endian ints; then JSON. */
val privateMessages: Codec<HeaderAndBody<JsonElement>> =
    HeaderCodec(Struct("<iii"), lengthField = 1, body = Content.of({ it.toAscii() }, { Json.parseToJsonElement(it.decodeToString()) }))

/** A message of version 1. The codec puts the length of the body in the place of the 0. */
fun privateMessage(command: Int, body: JsonElement): HeaderAndBody<JsonElement> = HeaderAndBody(StructValues.of(1, 0, command), body)

/** JSON with `\u` for all that is not ASCII, as Python's `json.dumps` writes it: the document's answer has 51 bytes, and not 28. */
private fun JsonElement.toAscii(): ByteArray = buildString {
    for (c in this@toAscii.toString()) if (c.code < 0x80) append(c) else append("\\u%04x".format(c.code))
}.encodeToByteArray()
