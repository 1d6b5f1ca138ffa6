// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.tls.TlsClientOptions
import dev.torsion.web.isAuthority

/**
 * A proxy that requests go through; Twisted's `ProxyAgent`, and more. A request for an `http` server goes to the proxy as it is (RFC 9112 3.2.2). For
 * `https` it is told to make a tunnel (`CONNECT`, RFC 9110 9.3.6), and sees the name of the server only. Immutable.
 *
 * A proxy whose URL begins with `https` is spoken to over TLS, and its certificate has to be for [host]. So nobody on the way to it sees names of
 * servers, credentials and what `http` servers have. A tunnel is TLS with the server inside of TLS with the proxy.
 *
 * ```java
 * HttpClientOptions.DEFAULT.withProxy(HttpProxy.of("proxy.example.com", 3128).withCredentials("me", password));
 * ```
 *
 * @property host the name or the address of the proxy
 * @property port its port
 * @property isSecure whether the way to the proxy carries TLS
 */
public class HttpProxy private constructor(
    @get:JvmName("host") public val host: String,
    @get:JvmName("port") public val port: Int,
    @get:JvmName("isSecure") public val isSecure: Boolean,
    @get:JvmSynthetic internal val tls: TlsClientOptions?,
    @get:JvmSynthetic internal val authorization: String?,
    private val direct: Set<String>,
) {
    init {
        require(port in 1..MOST) { "a port is from 1 to $MOST, and not $port" }
        require(host.isNotEmpty() && (isAuthority(host) || isAuthority("[$host]"))) { "the proxy has no host, or one that is none" }
    }

    /**
     * This proxy, which asks for a [user] with a [password] (basic authentication, RFC 7617). It gets both in the clear, or inside of TLS
     * when it [isSecure].
     *
     * @throws IllegalArgumentException when [user] has a colon, or one of them a control character
     */
    public fun withCredentials(user: String, password: String): HttpProxy {
        checkCredentials(user, password)
        return HttpProxy(host, port, isSecure, tls, basicCredentials(user, password), direct)
    }

    /** This proxy, spoken to over TLS: by [options], which may trust others than the servers are trusted by. Without that, it is by the agent's. */
    public fun withTls(options: TlsClientOptions): HttpProxy = HttpProxy(host, port, true, options, authorization, direct)

    /** This proxy for all but [hosts], which are asked directly: names or addresses; one that begins with a dot is for all names below it. */
    public fun withDirect(vararg hosts: String): HttpProxy =
        HttpProxy(host, port, isSecure, tls, authorization, hosts.map { it.lowercase() }.toSet())

    @JvmSynthetic
    internal fun isFor(host: String): Boolean = host !in direct && direct.none { it.startsWith('.') && host.endsWith(it) }

    override fun toString(): String = "HttpProxy(${if (isSecure) "https://" else ""}$host:$port)"

    public companion object {
        private const val MOST = 65_535

        /** The proxy at [host]:[port]. */
        @JvmStatic
        public fun of(host: String, port: Int): HttpProxy = HttpProxy(host, port, false, null, null, emptySet())

        /**
         * The proxy at [url], such as `http://proxy.example.com:3128` or `https://proxy.example.com`, whose port is 443.
         *
         * @throws IllegalArgumentException when it is no such URL, or has a user, a path or a query: [withCredentials] takes the user
         */
        @JvmStatic
        public fun of(url: String): HttpProxy {
            val place = Location.exact(url)
            val origin = Origin.of(place)
            val isBare = place.rawPath.orEmpty().removePrefix("/").isEmpty() && place.rawQuery == null && place.rawFragment == null
            require(isBare) { "the URL of a proxy has neither a path nor a query" }
            return HttpProxy(origin.host, origin.port, origin.isSecure, null, null, emptySet())
        }
    }
}
