// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.net.InetAddress
import java.net.UnknownHostException

/**
 * Finds the addresses of a host name; the reactor's resolver in Twisted.
 *
 * Thread: a thread of the reactor's pool, so it may block. Numeric addresses and `localhost` are never asked for.
 */
public fun interface HostResolver {
    /** The addresses of [host], the best first, at least one. */
    @Throws(UnknownHostException::class)
    public fun resolve(host: String): List<InetAddress>

    public companion object {
        /** The operating system's. */
        @JvmStatic
        public fun system(): HostResolver = HostResolver { InetAddress.getAllByName(it).asList() }

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
