// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import org.apache.hc.client5.http.cookie.CookieOrigin
import org.apache.hc.client5.http.cookie.CookieSpec
import org.apache.hc.client5.http.cookie.MalformedCookieException
import org.apache.hc.client5.http.impl.cookie.RFC6265CookieSpecFactory
import org.apache.hc.client5.http.impl.cookie.RFC6265CookieSpecFactory.CompatibilityLevel
import org.apache.hc.client5.http.psl.PublicSuffixMatcherLoader
import org.apache.hc.core5.http.message.BasicHeader
import java.net.URI
import java.time.Instant

/**
 * The rules of `Set-Cookie`: how it is read, what it may set, and which domains belong to everybody. The reading, the dates and the list of public
 * suffixes are httpclient5's; prefixes and control characters are checked here.
 */
internal object CookieRules {
    private val suffixes = PublicSuffixMatcherLoader.getDefault()
    private val spec: CookieSpec = RFC6265CookieSpecFactory(CompatibilityLevel.RELAXED, suffixes).create(null)

    /** Whether anybody can register names below [domain]. */
    fun isPublicSuffix(domain: String): Boolean = suffixes.matches(domain)

    /** The domain that somebody has registered, at or above [host]. */
    fun siteOf(host: String): String = if (isAddress(host)) host else suffixes.getDomainRoot(host) ?: host

    /** No control character, nothing that would end it in a field of a request, and no character that a field cannot have. */
    fun isSendable(text: String): Boolean = text.all { it.code in 0x20..0xff && it != ';' && it.code !in 0x7f..0x9f }

    /** The cookies that the value [field] of `Set-Cookie` sets when [url] says so: one as a rule, none when it breaks one. */
    fun parse(url: URI, field: String, now: Instant): List<Cookie> {
        if (field.any { it < ' ' && it != '\t' }) return emptyList()
        val origin = Origin.of(url)
        val host = origin.cookieHost
        val from = CookieOrigin(host, origin.port, url.rawPath.orEmpty().ifEmpty { "/" }, origin.isSecure)
        return try {
            spec.parse(BasicHeader("Set-Cookie", field), from).filter { it.name.isNotEmpty() }.onEach { spec.validate(it, from) }
                .mapNotNull { parsed ->
                    val domain = parsed.getAttribute("domain").orEmpty().trim().removePrefix(".").lowercase()
                    val isHostOnly = domain.isEmpty() || isAddress(host)
                    val path = parsed.getAttribute("path").orEmpty().takeIf { it.startsWith('/') } ?: defaultPath(url)
                    val isOnlyOurs = isHostOnly && parsed.getAttribute("path") == "/"
                    val isHttpOnly = parsed.containsAttribute("httponly")
                    val age = parsed.getAttribute("max-age")?.takeIf { AGE.matches(it) }
                    val expires = (if (age == null) parsed.expiryInstant else now.after(age))?.atMost(now)
                    Cookie(
                        parsed.name,
                        parsed.value.orEmpty(),
                        if (isHostOnly) host else domain,
                        isHostOnly,
                        path,
                        expires,
                        parsed.isSecure,
                        isHttpOnly,
                    ).takeIf { isAllowed(it, host, isOnlyOurs) }
                }
        } catch (_: MalformedCookieException) { // nobody waits for an answer to it
            emptyList()
        }
    }

    /** By our own clock: the library has the system's. */
    private fun Instant.after(age: String): Instant = if (age.startsWith('-')) {
        Instant.EPOCH
    } else {
        plusSeconds(age.toLongOrNull()?.coerceAtMost(MOST_COOKIE_AGE.seconds) ?: MOST_COOKIE_AGE.seconds)
    }

    private val AGE = Regex("-?[0-9]+")

    private fun isAllowed(cookie: Cookie, host: String, isOnlyOurs: Boolean): Boolean {
        val name = cookie.name.lowercase()
        return isSendable(cookie.name) && isSendable(cookie.value) &&
            isBelow(host, cookie.domain) &&
            (cookie.isHostOnly || !isPublicSuffix(cookie.domain)) &&
            (cookie.isSecure || !(name.startsWith("__secure-") || name.startsWith("__host-"))) &&
            (isOnlyOurs || !name.startsWith("__host-"))
    }

    /** RFC 6265 5.1.4. */
    private fun defaultPath(url: URI): String = url.rawPath.orEmpty().substringBeforeLast('/', "").ifEmpty { "/" }
}
