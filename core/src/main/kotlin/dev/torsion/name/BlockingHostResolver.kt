// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.net.AddressFamily
import java.net.InetAddress
import java.net.UnknownHostException

/**
 * Finds the addresses of a host name, and may block while it does: a [HostResolver] by way of threads; Twisted's `ThreadedResolver`.
 *
 * Thread: one of at most four threads that each reactor keeps for this, so that other blocking work does not wait for a name server. Several
 * names may be asked for at the same time, also by several reactors. Those who asked wait no longer than their own time-out; a name that is
 * given up before its turn has come is never asked for.
 */
public fun interface BlockingHostResolver : HostResolverFactory {
    /** See [HostResolver.resolve], which says what is asked for and how. */
    @Throws(UnknownHostException::class)
    public fun resolve(host: String): List<InetAddress>

    /** A [HostResolver] that calls this one on the threads of [loop]. */
    override fun create(loop: ResolverLoop): HostResolver = ThreadedHostResolver(loop, this)

    public companion object {
        /**
         * The operating system's, with the IPv6 addresses first, as RFC 6724 would have them where there is a choice; Java's own order is
         * kept when the system property `java.net.preferIPv6Addresses` says which that is. A look-up may take as long as the system allows,
         * often half a minute. Java keeps its answers for a while: see the security properties `networkaddress.cache.ttl` (30 s) and
         * `networkaddress.cache.negative.ttl` (10 s).
         */
        @JvmStatic
        public fun system(): BlockingHostResolver =
            if (System.getProperty("java.net.preferIPv6Addresses") == null) {
                BlockingHostResolver { host -> InetAddress.getAllByName(host).sortedBy { it in AddressFamily.IPV4 } }
            } else {
                BlockingHostResolver { InetAddress.getAllByName(it).asList() }
            }
    }
}
