// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.Charset
import java.nio.charset.CodingErrorAction

/**
 * Strict text. The JDK's fast conversions put a replacement where something is malformed, so they are used where that can be seen, and
 * the strict ones only where it could not.
 */
internal class TextContent(private val charset: Charset) : Content<String> {
    /** All characters below this one have bytes in [charset], as far as is known. */
    private val firstDoubtful =
        when (charset) {
            Charsets.UTF_8 -> Char.MIN_SURROGATE
            Charsets.ISO_8859_1 -> '\u0100'
            Charsets.US_ASCII -> '\u0080'
            else -> '\u0000'
        }

    override fun decode(frame: ByteBuffer): String {
        val bytes = ByteArray(frame.remaining())
        frame.get(bytes)
        val text = String(bytes, charset)
        return if (REPLACEMENT in text) decodeStrictly(bytes) else text
    }

    private fun decodeStrictly(bytes: ByteArray): String = try {
        charset
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT)
            .decode(ByteBuffer.wrap(bytes))
            .toString()
    } catch (e: CharacterCodingException) {
        throw MalformedContentException("A message of ${bytes.size} bytes is not $charset text.", e)
    }

    override fun encode(value: String): ByteArray = if (value.all {
            it < firstDoubtful
        }
    ) {
        value.toByteArray(charset)
    } else {
        encodeStrictly(value)
    }

    private fun encodeStrictly(value: String): ByteArray = try {
        val encoded =
            charset
                .newEncoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT)
                .encode(CharBuffer.wrap(value))
        ByteArray(encoded.remaining()).also { encoded.get(it) }
    } catch (e: CharacterCodingException) {
        throw EncodeException("Cannot send a text with characters that $charset has not.", e)
    }

    override fun toString() = "$charset text"

    private companion object {
        const val REPLACEMENT = '\uFFFD'
    }
}
