// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.InternetAddress

/**
 * The words of one proxy on the one that has asked it.
 *
 * @property client null when the proxy does not know it, or does not say
 */
internal class ForwardedElement(val client: InternetAddress?, val scheme: String?, val host: String?)

/** The field `Forwarded`, RFC 7239 4. Blanks may stand around a semicolon, as around that of other fields (RFC 9110 5.6.6). */
internal class ForwardedSyntax private constructor(text: String) {
    private val scanner = FieldScanner(text)

    private fun elements(): List<ForwardedElement> {
        val found = ArrayList<ForwardedElement>()
        while (true) {
            scanner.skipBlanks()
            if (!scanner.isAtEnd && scanner.peek() != ',') found.add(element())
            if (scanner.isAtEnd) return found
            if (!scanner.skip(',')) bad("there is more behind an element")
        }
    }

    private fun element(): ForwardedElement {
        val values = HashMap<String, String>()
        do {
            scanner.skipBlanks()
            if (scanner.isAtEnd || scanner.peek() == ';' || scanner.peek() == ',') continue
            val name = scanner.token()?.lowercase() ?: bad("a name is none")
            if (!scanner.skip('=')) bad("a name has no value")
            val value = scanner.tokenOrQuoted() ?: bad("a value is none, or has no end")
            if (values.put(name, value) != null) bad("a name stands twice in one element")
            scanner.skipBlanks()
        } while (scanner.skip(';'))
        values["by"]?.let { node(it) }
        values["host"]?.let { if (it.isEmpty() || !isAuthority(it)) bad("a host is none") }
        val scheme = values["proto"]?.lowercase()
        if (scheme != null && !SCHEME.matches(scheme)) bad("a proto is none")
        return ForwardedElement(values["for"]?.let { node(it) }, scheme?.takeIf { it == "http" || it == "https" }, values["host"])
    }

    /** RFC 7239 6; null for `unknown` and for names that tell nothing. */
    private fun node(value: String): InternetAddress? {
        val (name, port) = NODE.matchEntire(value)?.destructured ?: bad("a node is none")
        if (name.equals("unknown", ignoreCase = true) || name.startsWith('_')) return null
        val address = NumericHost.parse(name.removeSurrounding("[", "]"))
        if (address == null || name.startsWith('[') != (':' in name)) bad("an address is none")
        val number = port.toIntOrNull() ?: 0 // an obfuscated one is not known
        if (number > MOST_PORT) bad("a port is none")
        return InternetAddress.of(address, number)
    }

    private fun bad(what: String): Nothing = throw HttpViolationException("The field Forwarded is malformed: $what.", 400, "RFC 7239 4")

    companion object {
        private val NODE = Regex("""(\[[0-9a-fA-F:.]+]|[0-9.]+|(?i:unknown)|_[A-Za-z0-9._-]+)(?::([0-9]{1,5}|_[A-Za-z0-9._-]+))?""")
        private val SCHEME = Regex("[a-z][a-z0-9+.-]*")
        private const val MOST_PORT = 65_535

        /** The elements of all [fields] in their order. Throws an [HttpViolationException] when one breaks the rules. */
        fun parse(fields: List<String>): List<ForwardedElement> = fields.flatMap { ForwardedSyntax(it).elements() }
    }
}
