// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.net.InetAddress
import java.net.UnknownHostException

/**
 * Finds the addresses of a host name; the reactor's resolver in Twisted.
 *
 * Numeric addresses and `localhost` are never asked for. What a resolver throws, whatever it is, fails the look-up.
 *
 * Thread: one of at most four threads that the reactor keeps for this, so it may block, and does not keep other blocking work waiting when
 * it does. Those who asked wait no longer than their own time-out. Several names may be asked for at the same time.
 */
public fun interface HostResolver {
    /** The addresses of [host], the best first, at least one. */
    @Throws(UnknownHostException::class)
    public fun resolve(host: String): List<InetAddress>

    public companion object {
        /**
         * The operating system's. It may take as long as that allows, often half a minute. Java keeps its answers for a while: see the
         * security properties `networkaddress.cache.ttl` (30 s) and `networkaddress.cache.negative.ttl` (10 s).
         */
        @JvmStatic
        public fun system(): HostResolver = HostResolver { InetAddress.getAllByName(it).asList() }

        /** [hosts] and nothing else, like a hosts file: for tests, and for programs that must not ask anybody. Names are in lower case. */
        @JvmStatic
        public fun fixed(hosts: Map<String, List<InetAddress>>): HostResolver {
            val known = hosts.toMap()
            return HostResolver { known[it.lowercase()] ?: throw UnknownHostException(it) }
        }

        /** The addresses of a [host] that needs no looking up, or null. */
        internal fun literal(host: String): List<InetAddress>? =
            when {
                host.equals("localhost", ignoreCase = true) ->
                    listOf(InetAddress.getByAddress(host, byteArrayOf(127, 0, 0, 1)), InetAddress.getByName("::1"))
                ':' in host || IPV4.matches(host) -> listOf(InetAddress.getByName(host))
                else -> null
            }

        private val IPV4 = Regex("""\d{1,3}(\.\d{1,3}){3}""")
    }
}
