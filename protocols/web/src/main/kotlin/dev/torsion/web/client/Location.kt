// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.log.escaped
import dev.torsion.web.isEscaped
import java.net.URI
import java.net.URISyntaxException
import java.nio.charset.Charset

/** [url] for a message or a log: its query may have secrets. */
internal fun shown(url: URI): String = "${Origin.of(url)}${escaped(url.rawPath.orEmpty(), SHOWN)}"

private const val SHOWN = 200

/** Where a `Location` leads to, from the URL of the request (RFC 3986 5.2, RFC 9110 10.2.2). */
internal object Location {
    /**
     * The URL, without dots in its path, and with the fragment of [base] when it has none. Characters that no URL has are escaped first, as browsers
     * do it.
     *
     * @throws IllegalArgumentException when that is no URL of HTTP, such as one that names a user
     */
    fun resolve(base: URI, location: String): URI {
        val target = resolve(base, parsed(location))
        val whole = if (target.rawFragment == null && base.rawFragment != null) URI("$target#${base.rawFragment}") else target
        Origin.of(whole)
        return whole
    }

    private fun parsed(location: String) = try {
        URI(asUrl(location, Charsets.ISO_8859_1)) // its characters are the bytes that came
    } catch (e: URISyntaxException) {
        throw IllegalArgumentException("it is no URL: ${e.reason}")
    }

    /** The URL of [text] as a person writes it, perhaps with spaces and letters of any language. @throws IllegalArgumentException when it is none */
    fun parse(text: String): URI = url(text, asUrl(text, Charsets.UTF_8))

    /** The URL that [text] is by itself. @throws IllegalArgumentException when it is none */
    fun exact(text: String): URI = url(text, text)

    /** An error tells neither a user nor the query, and has no cause, which would tell all of the text: there may be secrets in it. */
    private fun url(given: String, text: String): URI = try {
        URI(text)
    } catch (e: URISyntaxException) {
        val open = given.substringBefore('?').replace(USER, "//...@")
        val why = if ("scheme" in e.reason) "it does not begin with http:// or https://" else e.reason // as of 127.0.0.1:8080
        throw IllegalArgumentException("\"${escaped(open, SHOWN)}\" is no URL: $why")
    }

    /** [reference] as a browser takes it that is at [base]. */
    fun resolve(base: URI, reference: URI): URI = if (reference.isAbsolute) reference else URI(text(base, reference))

    private fun text(base: URI, reference: URI): String = buildString {
        append(base.scheme).append(':')
        append("//").append(reference.rawAuthority ?: base.rawAuthority)
        val path = reference.rawPath.orEmpty()
        val basePath = base.rawPath.orEmpty()
        when {
            reference.rawAuthority != null || path.startsWith('/') -> append(withoutDots(path))
            path.isEmpty() -> append(basePath)
            else -> append(withoutDots(basePath.substringBeforeLast('/', "") + "/" + path))
        }
        val query = reference.rawQuery ?: base.rawQuery.takeIf { path.isEmpty() && reference.rawAuthority == null }
        if (query != null) append('?').append(query)
        if (reference.rawFragment != null) append('#').append(reference.rawFragment)
    }

    /** RFC 3986 5.2.4. */
    private fun withoutDots(path: String): String {
        if (path.isEmpty()) return path
        val parts = ArrayList<String>()
        val segments = path.removePrefix("/").split('/')
        segments.forEachIndexed { index, segment ->
            val isLast = index == segments.lastIndex
            when (segment) {
                ".", ".." -> {
                    if (segment == "..") parts.removeLastOrNull()
                    if (isLast) parts.add("")
                }

                else -> parts.add(segment)
            }
        }
        return parts.joinToString("/", "/")
    }

    private fun asUrl(text: String, charset: Charset): String {
        val authority = authority(text)
        return buildString {
            var at = 0
            while (at < text.length) {
                val c = text[at]
                val size = Character.charCount(text.codePointAt(at))
                val isOfHost = at in authority && (c == '[' || c == ']' || (c.code > LAST_ASCII && charset == Charsets.UTF_8))
                if (isOfHost || isPlain(c) || (c == '%' && isEscape(text, at))) {
                    append(text, at, at + size)
                } else {
                    for (byte in text.substring(at, at + size).toByteArray(charset)) append("%%%02X".format(byte))
                }
                at += size
            }
        }
    }

    private fun isEscape(text: String, at: Int) = at + 2 < text.length && isEscaped(text.substring(at, at + 3))

    /** Where the host of [text] stands. */
    private fun authority(text: String): IntRange {
        val start = text.indexOf("//")
        if (start < 0 || text.indexOfAny(charArrayOf('/', '?', '#')) < start) return IntRange.EMPTY
        val end = text.indexOfAny(charArrayOf('/', '?', '#', '\\'), start + 2)
        return start until (if (end < 0) text.length else end)
    }

    /** The characters of a URL, RFC 3986 2.2 and 2.3, without brackets, which stand in a host only. */
    private val PLAIN = BooleanArray(LAST_ASCII + 1) {
        it.toChar() in 'a'..'z' || it.toChar() in 'A'..'Z' || it.toChar() in '0'..'9' || it.toChar() in "-._~:/?#@!$&'()*+,;="
    }

    private fun isPlain(char: Char) = char.code <= LAST_ASCII && PLAIN[char.code]

    private const val LAST_ASCII = 0x7f
    private val USER = Regex("//.*@")
}
