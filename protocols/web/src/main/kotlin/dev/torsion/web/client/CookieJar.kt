// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import java.net.URI
import java.time.Clock
import java.time.Duration
import java.time.Instant

/**
 * The cookies of a client, by the rules of RFC 6265 and its successor (6265bis): a server sets them for its own host or for those above it,
 * and not for a public suffix such as `co.uk`. Secure cookies come from https and go over https only, and the prefixes `__Host-` and
 * `__Secure-` are obeyed. A cookie that breaks a rule is ignored.
 *
 * ```java
 * CookieJar jar = new CookieJar();
 * jar.load(Files.readString(file)); // and in the end: Files.writeString(file, jar.save());
 * ```
 *
 * The limits drop the cookies that have not been used for the longest time. The first jar of a program reads the list of public suffixes,
 * which takes a moment.
 *
 * Thread: one at a time. An agent uses the jar on the reactor's thread, so use it there too, once an agent has it.
 *
 * @param clock tells when cookies end
 */
public class CookieJar
@JvmOverloads
constructor(
    private val limits: CookieLimits = CookieLimits.DEFAULT,
    private val clock: Clock = Clock.systemUTC(),
) {
    private class Kept(val cookie: Cookie, val site: String, val created: Long, var used: Long)

    private val rules = CookieRules
    private val kept = LinkedHashMap<Triple<String, String, String>, Kept>()
    private var count = 0L // gives their order
    private val grown = HashSet<String>() // the sites that have more cookies than before

    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var siteOf: (String) -> String = rules::siteOf

    /** Takes the cookies of an answer from [url]: [fields] are its values of `Set-Cookie`. */
    public fun store(url: URI, fields: List<String>) {
        if (fields.isEmpty()) return
        val isSecure = Origin.of(url).isSecure
        for (field in fields) rules.parse(url, field, clock.instant()).forEach { store(it, isSecure) }
        limit() // once for all of them: it looks at each cookie of the jar
    }

    private fun store(cookie: Cookie, isSecure: Boolean) {
        // Somebody who can write in the clear must not put a cookie in the place of a secure one (6265bis 5.7).
        if (!isSecure && (cookie.isSecure || kept.values.any { hides(cookie, it.cookie) })) return
        put(cookie)
    }

    private fun hides(cookie: Cookie, secure: Cookie) = secure.isSecure && secure.name == cookie.name &&
        (isBelow(secure.domain, cookie.domain) || isBelow(cookie.domain, secure.domain)) && isPathBelow(cookie.path, secure.path)

    private fun put(cookie: Cookie) {
        val before = kept.remove(cookie.key)
        if (cookie.isExpired(clock.instant())) return
        if (cookie.name.length + cookie.value.length > limits.maxCookieBytes) return
        count++
        val site = siteOf(cookie.domain) // is slow, so each cookie asks for it once
        kept[cookie.key] = Kept(cookie, site, before?.created ?: count, count)
        if (before == null) grown.add(site)
    }

    private fun limit() {
        if (grown.isEmpty()) return
        for (site in grown) limit(limits.maxCookiesPerSite) { it.site == site }
        grown.clear()
        limit(limits.maxCookies) { true }
    }

    private fun limit(most: Int, isOf: (Kept) -> Boolean) {
        if (kept.size <= most) return
        removeExpired()
        val all = kept.values.filter(isOf)
        if (all.size <= most) return
        all.sortedBy { it.used }.take(all.size - most).forEach { kept.remove(it.cookie.key) }
    }

    /** The cookies that a request to [url] has, in their order: those with longer paths first, then older ones. */
    public fun cookies(url: URI): List<Cookie> {
        val now = clock.instant()
        val origin = Origin.of(url)
        val path = url.rawPath.orEmpty().ifEmpty { "/" }
        return kept.values.filter { !it.cookie.isExpired(now) && it.cookie.isFor(origin, path) }
            .sortedWith(compareByDescending<Kept> { it.cookie.path.length }.thenBy { it.created })
            .map { it.cookie }
    }

    /** The value of `Cookie` for a request to [url], null when there is no cookie for it. Cookies above the limit are left out. */
    public fun header(url: URI): String? {
        val text = StringBuilder()
        count++
        for (cookie in cookies(url)) {
            if (text.length + cookie.name.length + cookie.value.length + 3 > limits.maxHeaderBytes) continue
            if (text.isNotEmpty()) text.append("; ")
            text.append(cookie.name).append('=').append(cookie.value)
            kept[cookie.key]?.used = count
        }
        return text.toString().ifEmpty { null }
    }

    /** All cookies that have not ended. */
    public fun all(): List<Cookie> {
        removeExpired()
        return kept.values.map { it.cookie }
    }

    /** Removes all cookies. */
    public fun clear(): Unit = kept.clear()

    /** Removes the cookies that last until the end of the program, as a browser does when it ends. */
    public fun clearSession() {
        kept.values.removeIf { it.cookie.expires == null }
    }

    private fun removeExpired() {
        val now = clock.instant()
        kept.values.removeIf { it.cookie.isExpired(now) }
    }

    /**
     * All cookies as text, in the format of Netscape's `cookies.txt`, which curl, wget and Python's `MozillaCookieJar` read too. Its reader can
     * do what its owner can do: keep it as a password.
     */
    public fun save(): String = CookieText.write(all())

    /** Adds the cookies of a text of [save], or of `cookies.txt`. @throws IllegalArgumentException when a line is no cookie; then none is added */
    public fun load(text: String) {
        CookieText.read(text).forEach(::put)
        limit()
    }

    /** How many there are. */
    override fun toString(): String = "CookieJar(${kept.size})"
}

/**
 * The limits of a [CookieJar]. Immutable.
 *
 * @property maxCookies how many cookies it keeps in all; 3,000
 * @property maxCookiesPerSite how many cookies of one site: of a domain that somebody can register, with all below it; 180
 * @property maxCookieBytes how many bytes the name and the value of a cookie may have; 4 KiB. A larger one is ignored
 * @property maxHeaderBytes how many bytes the field of a request may have; 6 KiB. Cookies that do not fit are left out: servers refuse a
 *   head of more than 8 KiB
 */
public class CookieLimits private constructor(
    public val maxCookies: Int,
    public val maxCookiesPerSite: Int,
    public val maxCookieBytes: Int,
    public val maxHeaderBytes: Int,
) {
    init {
        require(maxCookies > 0) { "maxCookies must be positive, but is $maxCookies" }
        require(maxCookiesPerSite > 0) { "maxCookiesPerSite must be positive, but is $maxCookiesPerSite" }
        require(maxCookieBytes > 0) { "maxCookieBytes must be positive, but is $maxCookieBytes" }
        require(maxHeaderBytes > 0) { "maxHeaderBytes must be positive, but is $maxHeaderBytes" }
    }

    /** These limits with another [maxCookies]. */
    public fun withMaxCookies(most: Int): CookieLimits = CookieLimits(most, maxCookiesPerSite, maxCookieBytes, maxHeaderBytes)

    /** These limits with another [maxCookiesPerSite]. */
    public fun withMaxCookiesPerSite(most: Int): CookieLimits = CookieLimits(maxCookies, most, maxCookieBytes, maxHeaderBytes)

    /** These limits with another [maxCookieBytes]. */
    public fun withMaxCookieBytes(most: Int): CookieLimits = CookieLimits(maxCookies, maxCookiesPerSite, most, maxHeaderBytes)

    /** These limits with another [maxHeaderBytes]. */
    public fun withMaxHeaderBytes(most: Int): CookieLimits = CookieLimits(maxCookies, maxCookiesPerSite, maxCookieBytes, most)

    override fun toString(): String =
        "CookieLimits($maxCookies cookies, $maxCookiesPerSite of a site, $maxCookieBytes bytes each, $maxHeaderBytes of a request)"

    public companion object {
        /** The limits that hold where none are given. */
        @JvmField
        public val DEFAULT: CookieLimits = CookieLimits(3_000, 180, 4 * 1024, 6 * 1024)
    }
}

/** The longest time that a cookie may have (6265bis 5.5). */
internal val MOST_COOKIE_AGE: Duration = Duration.ofDays(400)

internal fun Instant.atMost(now: Instant): Instant = minOf(this, now + MOST_COOKIE_AGE)
