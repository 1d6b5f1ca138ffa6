// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import org.eclipse.jetty.http.HttpHeader

/** The names of fields that are known, in their usual case: one that comes needs no string of its own. */
internal object FieldNames {
    /** A character of a name in lower case; 0 for all that is in no name (RFC 9110 5.6.2). */
    private val LOWER = ByteArray(0x100) { if (isTokenByte(it)) it.toChar().lowercaseChar().code.toByte() else 0 }

    private val names = arrayOfNulls<String>(ROOM)

    init {
        HttpHeader.values().map { it.asString() }.filter(::isToken).forEach { name ->
            var at = place(name.fold(0) { sum, c -> hash(sum, lower(c.code.toByte())) })
            while (names[at] != null) at = (at + 1) % ROOM
            names[at] = name
        }
    }

    fun lower(byte: Byte): Int = LOWER[byte.toInt() and 0xff].toInt()

    /** The hash of a name with one more character, which is in lower case. */
    fun hash(before: Int, lower: Int): Int = 31 * before + lower

    private fun place(hash: Int) = (hash xor (hash ushr 16)) and (ROOM - 1)

    /** The name that stands from [begin] to [end] in [bytes], whose characters are those of a token. */
    fun of(bytes: ByteArray, begin: Int, end: Int, hash: Int): String {
        var at = place(hash)
        while (true) {
            val name = names[at] ?: return String(bytes, begin, end - begin, Charsets.ISO_8859_1)
            if (isSame(name, bytes, begin, end)) return name
            at = (at + 1) % ROOM
        }
    }

    private fun isSame(name: String, bytes: ByteArray, begin: Int, end: Int): Boolean {
        if (name.length != end - begin) return false
        for (i in name.indices) if (lower(bytes[begin + i]) != LOWER[name[i].code].toInt()) return false
        return true
    }

    private const val ROOM = 1024
}
