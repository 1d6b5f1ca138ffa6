// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import java.time.Instant

/** Netscape's `cookies.txt`: seven parts with tabs between them on each line. */
internal object CookieText {
    private const val HEAD = "# Netscape HTTP Cookie File\n"
    private const val HTTP_ONLY = "#HttpOnly_"
    private const val PARTS = 7

    fun write(cookies: List<Cookie>): String = buildString {
        append(HEAD)
        for (cookie in cookies) {
            val domain = if (cookie.isHostOnly) cookie.domain else ".${cookie.domain}"
            val parts = listOf(
                (if (cookie.isHttpOnly) HTTP_ONLY else "") + domain,
                flag(!cookie.isHostOnly),
                cookie.path,
                flag(cookie.isSecure),
                (cookie.expires?.epochSecond ?: 0).toString(),
                cookie.name,
                cookie.value,
            )
            append(parts.joinToString("\t")).append('\n')
        }
    }

    fun read(text: String): List<Cookie> = text.lines().mapIndexedNotNull { index, line ->
        if (line.isBlank() || (line.startsWith("#") && !line.startsWith(HTTP_ONLY))) return@mapIndexedNotNull null
        try {
            cookie(line)
        } catch (e: IllegalArgumentException) {
            throw IllegalArgumentException("line ${index + 1} is no cookie: ${e.message}", e)
        }
    }

    private fun cookie(line: String): Cookie {
        val parts = line.removePrefix(HTTP_ONLY).split('\t')
        require(parts.size == PARTS) { "it has ${parts.size} parts, and not $PARTS" }
        val (domain, isForAll, path, isSecure, seconds) = parts
        val name = parts[5]
        val value = parts[6]
        val host = domain.removePrefix(".").lowercase()
        val isHostOnly = !isTrue(isForAll)
        require(host.isNotEmpty() && host.all { it.isLetterOrDigit() || it in "-._:" }) { "its domain is none" }
        require(isHostOnly || !CookieRules.isPublicSuffix(host)) { "its domain is a public suffix" }
        require(path.startsWith('/')) { "its path does not begin with a slash" }
        require(name.isNotEmpty() && CookieRules.isSendable(name) && CookieRules.isSendable(value) && '=' !in name) {
            "its name or value is none"
        }
        val end = requireNotNull(seconds.toLongOrNull()) { "its time is no number" }
        val expires = if (end == 0L) null else Instant.ofEpochSecond(end.coerceIn(1, MOST_SECONDS))
        return Cookie(name, value, host, isHostOnly, path, expires, isTrue(isSecure), line.startsWith(HTTP_ONLY))
    }

    private const val MOST_SECONDS = 253_402_300_799 // the end of the year 9999

    private fun flag(isSet: Boolean) = if (isSet) "TRUE" else "FALSE"

    private fun isTrue(text: String): Boolean {
        require(text == "TRUE" || text == "FALSE") { "a flag of it is neither TRUE nor FALSE" }
        return text == "TRUE"
    }
}
