// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.cred

/** Reads the parameters of credentials, such as `realm="a", nc=00000001` (RFC 9110 11.4). */
internal class AuthParameters private constructor(private val text: String) {
    private var at = 0

    private fun all(): Map<String, String>? {
        val found = HashMap<String, String>()
        while (true) {
            skipBlanks()
            val name = token() ?: return null
            skipBlanks()
            if (!skip('=')) return null
            skipBlanks()
            val value = (if (skip('"')) quoted() else token()) ?: return null
            if (found.put(name.lowercase(), value) != null) return null
            skipBlanks()
            if (at == text.length) return found
            if (!skip(',')) return null
        }
    }

    private fun skipBlanks() {
        while (at < text.length && (text[at] == ' ' || text[at] == '\t')) at++
    }

    private fun skip(char: Char): Boolean = (at < text.length && text[at] == char).also { if (it) at++ }

    private fun token(): String? {
        val from = at
        while (at < text.length && (text[at] in 'a'..'z' || text[at] in 'A'..'Z' || text[at] in '0'..'9' || text[at] in SIGNS)) at++
        return text.substring(from, at).takeIf { it.isNotEmpty() }
    }

    private fun quoted(): String? {
        val value = StringBuilder()
        while (at < text.length) {
            val char = text[at++]
            when {
                char == '"' -> return value.toString()
                char == '\\' -> value.append(text.getOrNull(at++) ?: return null)
                else -> value.append(char)
            }
        }
        return null
    }

    companion object {
        private const val SIGNS = "!#$%&'*+-.^_`|~"

        /** The values by the names in lower case; null when [text] has no such form, or a name twice. */
        fun of(text: String): Map<String, String>? = AuthParameters(text).all()
    }
}
