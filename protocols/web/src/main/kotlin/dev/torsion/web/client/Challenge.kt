// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.FieldScanner

/** One question of `WWW-Authenticate` (RFC 9110 11.6.1): its scheme, and its parameters by their names in lower case. */
internal class Challenge(val scheme: String, val parameters: Map<String, String>) {
    companion object {
        /** The questions of a field. The first part that cannot be understood is left out, with all behind it. */
        fun parse(field: String): List<Challenge> = Reading(field).all()
    }

    private class Reading(field: String) {
        private val scanner = FieldScanner(field)
        private val found = ArrayList<Challenge>()
        private var parameters = LinkedHashMap<String, String>()

        fun all(): List<Challenge> {
            while (true) {
                scanner.skipWhile { it in " \t," }
                val token = scanner.token() ?: return found
                scanner.skipBlanks()
                val isUnderstood = if (scanner.skip('=')) parameter(token.lowercase()) else scheme(token)
                if (!isUnderstood) return found
            }
        }

        private fun scheme(name: String): Boolean {
            parameters = LinkedHashMap()
            found.add(Challenge(name, parameters))
            scanner.skipIf { isToken68() }
            return true
        }

        private fun parameter(name: String): Boolean {
            scanner.skipBlanks()
            val value = scanner.tokenOrQuoted() ?: return false
            if (found.isEmpty()) return false
            parameters.putIfAbsent(name, value)
            scanner.skipBlanks()
            return scanner.isAtEnd || scanner.peek() == ','
        }

        /** A scheme may have such a word in place of parameters: letters, and signs of equality at its end. */
        private fun isToken68(): Boolean {
            scanner.skipWhile { it in TOKEN68 }
            scanner.skipWhile { it == '=' }
            scanner.skipBlanks()
            return scanner.isAtEnd || scanner.peek() == ','
        }
    }
}

private val TOKEN68 = (('a'..'z') + ('A'..'Z') + ('0'..'9') + "-._~+/".toList()).toSet()
