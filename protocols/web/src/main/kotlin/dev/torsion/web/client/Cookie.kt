// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import java.time.Instant

/**
 * A cookie that a client keeps (RFC 6265). Immutable.
 *
 * @property domain the host that it is for, in lower case
 * @property isHostOnly whether it is for that very host, and not for those below it
 * @property path the beginning of the paths that it is for
 * @property expires when it ends; null at the end of the program
 * @property isSecure whether it goes over https only
 * @property isHttpOnly whether the server hides it from scripts; a client without scripts does not care
 */
public class Cookie internal constructor(
    @get:JvmName("name") public val name: String,
    @get:JvmName("value") public val value: String,
    @get:JvmName("domain") public val domain: String,
    @get:JvmName("isHostOnly") public val isHostOnly: Boolean,
    @get:JvmName("path") public val path: String,
    @get:JvmName("expires") public val expires: Instant?,
    @get:JvmName("isSecure") public val isSecure: Boolean,
    @get:JvmName("isHttpOnly") public val isHttpOnly: Boolean,
) {
    /** The parts that make it another cookie (RFC 6265 5.3, 11). */
    @get:JvmSynthetic
    internal val key: Triple<String, String, String> get() = Triple(name, domain, path)

    @JvmSynthetic
    internal fun isExpired(now: Instant): Boolean = expires != null && expires <= now

    /** RFC 6265 5.4, 1. */
    @JvmSynthetic
    internal fun isFor(origin: Origin, path: String): Boolean {
        if (isSecure && !origin.isSecure) return false
        val host = origin.cookieHost
        return (if (isHostOnly) host == domain else isBelow(host, domain)) && isPathBelow(path, this.path)
    }

    /** Without the value, which is as good as a password. */
    override fun toString(): String = "Cookie($name for ${if (isHostOnly) "" else "*."}$domain$path${if (isSecure) ", secure" else ""})"
}

/** The host that the rules of cookies see: a dot at its end does not make it another one. */
internal val Origin.cookieHost: String get() = host.removeSuffix(".")

/** Whether [host] is [domain], or a name below it (RFC 6265 5.1.3). An address is below nothing. */
internal fun isBelow(host: String, domain: String): Boolean = host == domain || (host.endsWith(".$domain") && !isAddress(host))

/** RFC 6265 5.1.4. */
internal fun isPathBelow(path: String, above: String): Boolean =
    path == above || (path.startsWith(above) && (above.endsWith('/') || path[above.length] == '/'))

internal fun isAddress(host: String): Boolean = ':' in host || host.substringAfterLast('.').let { it.isNotEmpty() && it.all(Char::isDigit) }
