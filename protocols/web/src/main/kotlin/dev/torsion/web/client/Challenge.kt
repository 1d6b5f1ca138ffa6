// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.isTokenByte

/** One question of `WWW-Authenticate` (RFC 9110 11.6.1): its scheme, and its parameters by their names in lower case. */
internal class Challenge(val scheme: String, val parameters: Map<String, String>) {
    companion object {
        /** The questions of a field. The first part that cannot be understood is left out, with all behind it. */
        fun parse(field: String): List<Challenge> = Scanner(field).all()
    }

    private class Scanner(private val text: String) {
        private val found = ArrayList<Challenge>()
        private var parameters = LinkedHashMap<String, String>()
        private var at = 0

        fun all(): List<Challenge> {
            while (true) {
                skip(" \t,")
                val token = token() ?: return found
                skip(" \t")
                val isUnderstood = if (peek() == '=') parameter(token.lowercase()) else scheme(token)
                if (!isUnderstood) return found
            }
        }

        private fun scheme(name: String): Boolean {
            parameters = LinkedHashMap()
            found.add(Challenge(name, parameters))
            skipToken68()
            return true
        }

        private fun parameter(name: String): Boolean {
            at++ // the sign
            skip(" \t")
            val value = (if (peek() == '"') quoted() else token()) ?: return false
            if (found.isEmpty()) return false
            parameters.putIfAbsent(name, value)
            skip(" \t")
            return peek() == null || peek() == ','
        }

        /** A scheme may have such a word in place of parameters: letters, and signs of equality at its end. */
        private fun skipToken68() {
            var end = at
            while (end < text.length && (text[end] in TOKEN68)) end++
            while (end < text.length && text[end] == '=') end++
            var next = end
            while (next < text.length && text[next] in " \t") next++
            if (next == text.length || text[next] == ',') at = next
        }

        private fun token(): String? {
            val from = at
            while (at < text.length && isTokenByte(text[at].code)) at++
            return if (at == from) null else text.substring(from, at)
        }

        private fun quoted(): String? {
            val value = StringBuilder()
            at++
            while (at < text.length) {
                val c = text[at++]
                when {
                    c == '"' -> return value.toString()
                    c == '\\' && at < text.length -> value.append(text[at++])
                    else -> value.append(c)
                }
            }
            return null
        }

        private fun peek(): Char? = text.getOrNull(at)

        private fun skip(characters: String) {
            while (at < text.length && text[at] in characters) at++
        }
    }
}

private val TOKEN68 = (('a'..'z') + ('A'..'Z') + ('0'..'9') + "-._~+/".toList()).toSet()
