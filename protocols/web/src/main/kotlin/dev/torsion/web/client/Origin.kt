// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.log.escaped
import dev.torsion.web.isAuthority
import dev.torsion.web.isTarget
import java.net.IDN
import java.net.URI

/**
 * The server of a URL (RFC 9110 4.3.1).
 *
 * @property host in lower case and ASCII; an address of IPv6 without its brackets
 */
internal data class Origin(val isSecure: Boolean, val host: String, val port: Int) {
    private val isDefaultPort get() = port == if (isSecure) HTTPS else HTTP
    private val bracketed get() = if (':' in host) "[$host]" else host

    /** `host` or `host:port`, as `Host` has it. */
    val authority: String get() = if (isDefaultPort) bracketed else "$bracketed:$port"

    /** `host:port`, as `CONNECT` has it. */
    val hostAndPort: String get() = "$bracketed:$port"

    override fun toString(): String = "${if (isSecure) "https" else "http"}://$authority"

    companion object {
        private const val HTTP = 80
        private const val HTTPS = 443

        /** @throws IllegalArgumentException when [url] is none of HTTP */
        fun of(url: URI): Origin {
            val isSecure = when (url.scheme?.lowercase()) {
                "http" -> false
                "https" -> true
                else -> throw IllegalArgumentException( // the rest of it may have secrets
                    "a URL begins with http:// or https://, and not with \"${escaped(url.scheme.orEmpty(), SHOWN)}\"",
                )
            }
            val authority = url.rawAuthority ?: throw IllegalArgumentException("there is no host in the URL")
            require('@' !in authority) { "a URL has no user: send Authorization" }
            val colon = authority.indexOf(':', authority.lastIndexOf(']') + 1)
            val name = if (colon < 0) authority else authority.substring(0, colon)
            val ascii = if (name.all { it.code in 0x21..0x7e }) name else IDN.toASCII(name)
            val port = if (colon < 0) "" else authority.substring(colon + 1)
            require(ascii.isNotEmpty() && isAuthority(ascii) && isAuthority("$ascii:$port")) { "the URL has no host, or one that is none" }
            val number = if (port.isEmpty()) (if (isSecure) HTTPS else HTTP) else port.toInt()
            require(number > 0) { "a port is from 1 to 65535, and not 0" }
            return Origin(isSecure, ascii.lowercase().removeSurrounding("[", "]"), number)
        }

        private const val SHOWN = 80

        /** The path and the query of [url] as a target of [method] (RFC 9112 3.2.1). */
        fun target(method: String, url: URI): String {
            val ascii = if (url.toString().all { it.code < 0x80 }) url else URI.create(url.toASCIIString())
            val path = ascii.rawPath.orEmpty().ifEmpty { "/" }
            val target = if (ascii.rawQuery == null) path else "$path?${ascii.rawQuery}"
            require(isTarget(method, target)) { "the path of the URL is none of HTTP" }
            return target
        }
    }
}
