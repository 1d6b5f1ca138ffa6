// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/** `tchar` of RFC 9110 5.6.2. */
internal fun isTokenByte(byte: Int): Boolean = byte in TOKENS.indices && TOKENS[byte]

internal fun isToken(text: String): Boolean = text.isNotEmpty() && text.all { isTokenByte(it.code) }

/** `field-value` of RFC 9110 5.5: no control character but the tab, and nothing blank at its ends. */
internal fun isFieldValue(text: String): Boolean {
    if (text.isEmpty()) return true
    if (text.first().isBlank() || text.last().isBlank()) return false
    return text.all { it.code <= 0xff && FIELD[it.code] }
}

/** A character of a `field-value`, with the blanks in it. */
internal fun isFieldByte(byte: Byte): Boolean = FIELD[byte.toInt() and 0xff]

private val FIELD = BooleanArray(0x100) { it in 0x20..0x7e || it in 0x80..0xff || it == '\t'.code }

private fun Char.isBlank() = this == ' ' || this == '\t'

private val TOKENS = BooleanArray(0x80) { code ->
    val c = code.toChar()
    c in 'a'..'z' || c in 'A'..'Z' || c in '0'..'9' || c in "!#$%&'*+-.^_`|~"
}

/**
 * Whether [target] is a target of RFC 9112 3.2 that fits [method]: `*` for OPTIONS, a host and a port for CONNECT, a path, or a whole URL
 * of http. All its characters are visible ones of ASCII by now.
 */
internal fun isTarget(method: String, target: String): Boolean = when {
    !target.all(::isSafe) -> false
    method == "CONNECT" -> target.substringAfterLast(':', "").let { it.isNotEmpty() && isPort(it) } && isAuthority(target)
    target == "*" -> method == "OPTIONS"
    target.startsWith('/') -> isEscaped(target.substringBefore('?'))
    else -> schemeOf(target) != null && isAbsolute(target.substringAfter("://"))
}

/** The beginning of a [target] that is a whole URL, in lower case: `http://` or `https://`; null for any other. */
internal fun schemeOf(target: String): String? = SCHEMES.find { target.startsWith(it, ignoreCase = true) }

/** The host and port that [rest], a URL behind its scheme, begins with. */
internal fun authorityOf(rest: String): String = rest.takeWhile { it != '/' && it != '?' }

private fun isAbsolute(rest: String): Boolean {
    val authority = authorityOf(rest)
    return authority.isNotEmpty() && isAuthority(authority) && isEscaped(rest.substring(authority.length).substringBefore('?'))
}

/**
 * `uri-host [ ":" port ]` of RFC 9110 7.2; without a user, whom RFC 9110 4.2.4 forbids. A name has none of the commas and escapes that RFC 3986
 * allows: `a,b` is rather two Hosts that somebody has put together.
 */
internal fun isAuthority(text: String): Boolean {
    if (text.isEmpty()) return true
    if (text.startsWith('[')) {
        val end = text.indexOf(']')
        val inside = if (end < 0) "" else text.substring(1, end)
        val isAddress = inside.count { it == ':' } >= 2 && inside.all { it in HEXADECIMAL || it == ':' || it == '.' }
        return isAddress && isPortPart(text.substring(end + 1))
    }
    val host = text.substringBefore(':')
    return host.isNotEmpty() && host.all { it.code < HOST.size && HOST[it.code] } && isPortPart(text.substring(host.length))
}

private fun isPortPart(text: String) = text.isEmpty() || (text.startsWith(':') && isPort(text.substring(1)))

private fun isPort(text: String) = text.isEmpty() || (text.length <= 5 && text.all { it in '0'..'9' } && text.toInt() <= 65_535)

/** Whether each `%` stands before two hexadecimal digits. */
internal fun isEscaped(text: String): Boolean {
    var at = text.indexOf('%')
    while (at >= 0) {
        if (at + 2 >= text.length || text[at + 1] !in HEXADECIMAL || text[at + 2] !in HEXADECIMAL) return false
        at = text.indexOf('%', at + 3)
    }
    return true
}

private const val HEXADECIMAL = "0123456789abcdefABCDEF"
private val HOST = BooleanArray(0x80) { code -> code.toChar().let { it in 'a'..'z' || it in 'A'..'Z' || it in '0'..'9' || it in "-._~" } }
private val SCHEMES = listOf("http://", "https://")

/** No URL has these others, and some servers read them as something else. */
private fun isSafe(char: Char) = char.code >= UNSAFE.size || !UNSAFE[char.code]

private val UNSAFE = BooleanArray(0x80) { it.toChar() in "#\"<>\\^`{|}" }
