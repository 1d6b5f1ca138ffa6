// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.net.AddressFamily
import java.net.InetAddress
import java.net.UnknownHostException

/**
 * Finds the addresses of a host name, and may block meanwhile; Twisted's `ThreadedResolver`. Threads make a [HostResolver] of it.
 *
 * Thread: one of at most four threads that each reactor keeps for this, so that other blocking work does not wait for a name server.
 * Several names may be asked for at the same time, also by several reactors. Each caller waits no longer than its own time-out. A look-up
 * that is cancelled before its turn never begins.
 */
public fun interface BlockingHostResolver : HostResolverFactory {
    /** See [HostResolver.resolve]. */
    @Throws(UnknownHostException::class)
    public fun resolve(host: String): List<InetAddress>

    /** A [HostResolver] that calls this one on the threads of [loop]. */
    override fun create(loop: ResolverLoop): HostResolver = ThreadedHostResolver(loop, this)

    public companion object {
        /**
         * The operating system's resolver. It gives the IPv6 addresses first, as RFC 6724 prefers them. If the system property
         * `java.net.preferIPv6Addresses` is set, Java's own order stays. A look-up may take as long as the system allows, often half a
         * minute. Java keeps its answers for a while: see the security properties `networkaddress.cache.ttl` (30 s) and
         * `networkaddress.cache.negative.ttl` (10 s).
         */
        @JvmStatic
        public fun system(): BlockingHostResolver = if (System.getProperty("java.net.preferIPv6Addresses") == null) {
            BlockingHostResolver { host -> InetAddress.getAllByName(host).sortedBy { it in AddressFamily.IPV4 } }
        } else {
            BlockingHostResolver { InetAddress.getAllByName(it).asList() }
        }
    }
}
