// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.isAuthority
import java.util.Base64

/**
 * A proxy that requests go through; Twisted's `ProxyAgent`, and more. A request for an `http` server goes to the proxy as it is (RFC 9112 3.2.2). For
 * `https` it is told to make a tunnel (`CONNECT`, RFC 9110 9.3.6), and sees the name of the server only. Immutable.
 *
 * ```java
 * HttpClientOptions.DEFAULT.withProxy(HttpProxy.of("proxy.example.com", 3128).withCredentials("me", password));
 * ```
 *
 * @property host the name or the address of the proxy
 * @property port its port
 */
public class HttpProxy private constructor(
    @get:JvmName("host") public val host: String,
    @get:JvmName("port") public val port: Int,
    @get:JvmSynthetic internal val authorization: String?,
    private val direct: Set<String>,
) {
    init {
        require(port in 1..MOST) { "a port is from 1 to $MOST, and not $port" }
        require(host.isNotEmpty() && (isAuthority(host) || isAuthority("[$host]"))) { "the proxy has no host, or one that is none" }
    }

    /** This proxy, which asks for a [user] with a [password] (basic authentication, RFC 7617). It gets both in the clear. */
    public fun withCredentials(user: String, password: String): HttpProxy {
        require(':' !in user) { "a user has no colon in his name" }
        return HttpProxy(host, port, "Basic " + Base64.getEncoder().encodeToString("$user:$password".toByteArray()), direct)
    }

    /** This proxy for all but [hosts], which are asked directly: names or addresses; one that begins with a dot is for all names below it. */
    public fun withDirect(vararg hosts: String): HttpProxy = HttpProxy(host, port, authorization, hosts.map { it.lowercase() }.toSet())

    @JvmSynthetic
    internal fun isFor(host: String): Boolean = host !in direct && direct.none { it.startsWith('.') && host.endsWith(it) }

    override fun toString(): String = "HttpProxy($host:$port)"

    public companion object {
        private const val MOST = 65_535

        /** The proxy at [host]:[port]. */
        @JvmStatic
        public fun of(host: String, port: Int): HttpProxy = HttpProxy(host, port, null, emptySet())
    }
}
