// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** The cookies that a client sends (RFC 6265bis 5.8.3, and 4.2 for how it writes them). */
internal object Cookies {
    fun of(headers: Headers): Map<String, String> {
        val fields = headers.all("Cookie")
        if (fields.isEmpty()) return emptyMap()
        val found = LinkedHashMap<String, String>()
        for (pair in fields.flatMap { it.split(';') }) {
            val at = pair.indexOf('=')
            if (at < 0) continue // a value without a name is nothing that we have set
            val name = pair.substring(0, at).trim(' ', '\t')
            // A client puts the cookie of the longer path first. The name in another case is another cookie.
            if (isToken(name)) found.putIfAbsent(name, pair.substring(at + 1).trim(' ', '\t'))
        }
        return found
    }
}
