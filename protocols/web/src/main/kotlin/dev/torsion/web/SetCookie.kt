// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.escaped
import java.time.Duration

/**
 * A cookie that an answer sets (RFC 6265bis). Immutable. Its defaults are the safe ones: no script sees it (`HttpOnly`), other sites do not
 * send it with their posts (`SameSite=Lax`), it goes to this host alone, to all paths, and over TLS only if this connection carries TLS
 * (`Secure`). It ends with the browser.
 *
 * ```java
 * Response.text("hello").withCookie(SetCookie.of("theme", "dark").withMaxAge(Duration.ofDays(30)));
 * ```
 *
 * The client can read the value, and may send back any other value.
 *
 * @property name a token
 * @property value has no blank, comma, semicolon, quote or backslash; encode others
 */
public class SetCookie private constructor(
    @get:JvmName("name") public val name: String,
    @get:JvmName("value") public val value: String,
    private val attributes: Attributes,
) {
    private data class Attributes(
        val maxAge: Duration? = null,
        val domain: String? = null,
        val path: String = "/",
        val secure: Boolean? = null,
        val httpOnly: Boolean = true,
        val sameSite: SameSite = SameSite.LAX,
    )

    /** When a browser sends a cookie with requests that other sites have caused. */
    public enum class SameSite(@get:JvmSynthetic internal val text: String) {
        /** Never. */
        STRICT("Strict"),

        /** When its user follows a link to here. */
        LAX("Lax"),

        /** Always. Browsers demand `Secure`, so it is sent over TLS only. */
        NONE("None"),
    }

    init {
        require(isToken(name)) { "\"${escaped(name, SHOWN)}\" is no name of a cookie" }
        require(value.all(::isOfValue)) { "the value of the cookie $name has a character that none can have" }
        require(name.length + value.length <= MOST_BYTES) { "the cookie $name is longer than the $MOST_BYTES bytes that browsers keep" }
        val (maxAge, domain, path, secure) = attributes
        require(maxAge == null || !maxAge.isNegative) { "the age of a cookie is not negative, but is $maxAge" }
        require(domain == null || (domain.isNotEmpty() && ':' !in domain && isAuthority(domain))) { "\"$domain\" is no domain" }
        require(path.startsWith('/') && path.all(::isOfPath)) { "\"${escaped(path, SHOWN)}\" is no path of a cookie" }
        require(secure != false || attributes.sameSite != SameSite.NONE) { "a cookie for all sites is sent over TLS only" }
        val isSecureName = SECURE_PREFIXES.any { name.startsWith(it, ignoreCase = true) }
        require(!isSecureName || secure == true) { "the prefix of $name says that it is sent over TLS only: withSecure(true)" }
        val isOfHost = name.startsWith(HOST, ignoreCase = true)
        require(!isOfHost || (domain == null && path == "/")) { "$name is for one host and all of its paths" }
    }

    /** This cookie, kept for [age], also when the browser ends. Parts of a second are left out. */
    public fun withMaxAge(age: Duration): SetCookie = with(attributes.copy(maxAge = age))

    /** This cookie for [domain] and all hosts below it; without it, for the host of the request alone. */
    public fun withDomain(domain: String): SetCookie = with(attributes.copy(domain = domain))

    /** This cookie for [path] and the paths below it. The path keeps nothing secret: scripts of other paths can ask for the cookie. */
    public fun withPath(path: String): SetCookie = with(attributes.copy(path = path))

    /** This cookie, sent over TLS only, or not; without it, as the connection is that sets it. */
    public fun withSecure(isSecure: Boolean): SetCookie = with(attributes.copy(secure = isSecure))

    /** This cookie, hidden from scripts, or not. */
    public fun withHttpOnly(isHidden: Boolean): SetCookie = with(attributes.copy(httpOnly = isHidden))

    /** This cookie with another rule for other sites. */
    public fun withSameSite(rule: SameSite): SetCookie = with(attributes.copy(sameSite = rule))

    /** The cookie that makes a browser forget this one: the same name, domain and path, without a value. */
    public fun expired(): SetCookie = SetCookie(name, "", attributes.copy(maxAge = Duration.ZERO))

    private fun with(attributes: Attributes) = SetCookie(name, value, attributes)

    @JvmSynthetic
    internal fun replaces(other: SetCookie): Boolean {
        val (own, others) = attributes to other.attributes
        return name == other.name && own.path == others.path && own.domain.equals(others.domain, ignoreCase = true)
    }

    /** The value of `Set-Cookie`. */
    @JvmSynthetic
    internal fun field(isTls: Boolean): String = buildString {
        append(name).append('=').append(value).append("; Path=").append(attributes.path)
        attributes.domain?.let { append("; Domain=").append(it) }
        attributes.maxAge?.let { append("; Max-Age=").append(it.seconds) }
        if (attributes.secure ?: (isTls || attributes.sameSite == SameSite.NONE)) append("; Secure")
        if (attributes.httpOnly) append("; HttpOnly")
        append("; SameSite=").append(attributes.sameSite.text)
    }

    /** Without its value, which may be a secret. */
    override fun toString(): String = "SetCookie($name)"

    public companion object {
        private const val HOST = "__Host-"
        private val SECURE_PREFIXES = listOf(HOST, "__Secure-")
        private const val MOST_BYTES = 4096
        private const val SHOWN = 80

        private fun isOfValue(char: Char) = char.code in 0x21..0x7e && char !in "\",;\\"

        private fun isOfPath(char: Char) = char.code in 0x20..0x7e && char != ';'

        /**
         * A cookie. A name that begins with `__Host-` or `__Secure-` makes it `Secure`; one with `__Host-` has no domain and the path `/`.
         *
         * @throws IllegalArgumentException when [name] or [value] has a character that none can have, or they are longer than 4096 bytes
         */
        @JvmStatic
        public fun of(name: String, value: String): SetCookie {
            val isSecure = SECURE_PREFIXES.any { name.startsWith(it, ignoreCase = true) }
            return SetCookie(name, value, if (isSecure) Attributes(secure = true) else Attributes())
        }
    }
}
