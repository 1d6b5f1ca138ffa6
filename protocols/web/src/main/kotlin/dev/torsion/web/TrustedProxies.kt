// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.UnixAddress
import java.net.InetAddress

/**
 * The proxies that a server believes when they say who the client is: its address, and the scheme and the host that it has used. Immutable.
 * Set it with [HttpServerOptions.withTrustedProxies].
 *
 * ```java
 * TrustedProxies proxies = TrustedProxies.forwarded("10.0.0.0/8", "fd00::/8", "unix");
 * ```
 *
 * Only the fields of one kind are read, the kind that the proxies set: a client could send the others itself. The list of addresses is read
 * from its end, past the addresses of trusted proxies. The first address that is not trusted is the client's. A client may have made up the
 * addresses before that.
 *
 * Behind a `haproxy:` endpoint the address of a connection is the one that the PROXY protocol tells. That address has to be one of these
 * proxies.
 *
 * Thread: any.
 */
public class TrustedProxies private constructor(
    private val networks: List<Network>,
    private val hasUnixSockets: Boolean,
    @get:JvmSynthetic internal val isForwarded: Boolean,
) {
    /** The first [prefix] bits of [address]. */
    private class Network(val address: ByteArray, val prefix: Int) {
        operator fun contains(other: ByteArray): Boolean {
            if (other.size != address.size) return false
            val whole = prefix / 8
            for (i in 0 until whole) if (address[i] != other[i]) return false
            val rest = prefix % 8
            return rest == 0 || (address[whole].toInt() xor other[whole].toInt()) and 0xff shr (8 - rest) == 0
        }
    }

    /** Whether the end at [address] is one of these proxies. */
    public fun trusts(address: Address): Boolean = when (address) {
        is InternetAddress -> NumericHost.parse(address.host.substringBefore('%'))?.let(::trusts) ?: false
        is UnixAddress -> hasUnixSockets
        else -> false
    }

    private fun trusts(address: InetAddress): Boolean {
        val bytes = address.address
        return networks.any { bytes in it }
    }

    override fun toString(): String =
        "TrustedProxies(${if (isForwarded) "Forwarded" else "X-Forwarded-For"}, ${networks.size} networks${if (hasUnixSockets) ", unix" else ""})"

    public companion object {
        /**
         * Proxies that set `Forwarded` (RFC 7239). A field of theirs that breaks its rules is answered with 400: a client could otherwise hide
         * behind it.
         *
         * @param networks addresses such as `10.0.0.7` or `::1`, networks such as `10.0.0.0/8`, and `unix` for all peers of UNIX sockets
         * @throws IllegalArgumentException when one of them is none, or there is none
         */
        @JvmStatic
        public fun forwarded(vararg networks: String): TrustedProxies = of(networks, isForwarded = true)

        /**
         * Proxies that set `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`. They must set, or take away, each of the three.
         *
         * @param networks as for [forwarded]
         * @throws IllegalArgumentException when one of them is none, or there is none
         */
        @JvmStatic
        public fun xForwarded(vararg networks: String): TrustedProxies = of(networks, isForwarded = false)

        private fun of(texts: Array<out String>, isForwarded: Boolean): TrustedProxies {
            require(texts.isNotEmpty()) { "no proxy is trusted" }
            return TrustedProxies(texts.filter { it != UNIX }.map(::network), UNIX in texts, isForwarded)
        }

        private fun network(text: String): Network {
            val address = NumericHost.parse(text.substringBefore('/'))?.address
            requireNotNull(address) { "\"$text\" is neither an address nor a network" }
            val most = address.size * 8
            val prefix = if ('/' in text) text.substringAfter('/').toIntOrNull() else most
            require(prefix != null && prefix in 0..most) { "\"$text\" has no prefix of 0 to $most bits" }
            val isWhole = (prefix until most).all { address[it / 8].toInt() shr (7 - it % 8) and 1 == 0 }
            require(isWhole) { "\"$text\" has bits behind its prefix" }
            return Network(address, prefix)
        }

        private const val UNIX = "unix"
    }
}
