// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.policies

import dev.torsion.net.Address
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.spi.TorsionSpi
import java.net.InetAddress
import java.util.concurrent.ConcurrentHashMap

/** How many there are of each peer that has any, by what [keyOf] gives. Thread: any. */
@TorsionSpi
public class PeerCounts {
    private val counts = ConcurrentHashMap<Any, Int>()

    /** How many there are of [peer]. */
    public fun count(peer: Any): Int = counts[peer] ?: 0

    /** One more of [peer]; how many that makes. */
    public fun add(peer: Any): Int = counts.merge(peer, 1, Int::plus)!!

    /** One less of [peer]. */
    public fun remove(peer: Any) {
        counts.computeIfPresent(peer) { _, count -> if (count == 1) null else count - 1 }
    }

    public companion object {
        private const val HALF_OF_IPV6 = 8

        /** The count that the connections with the peer at [address] share; null for peers that cannot be told apart. */
        @JvmStatic
        public fun keyOf(address: Address): Any? = when (address) {
            is IPv4Address -> address.host
            // The text is numeric, so nothing is looked up.
            is IPv6Address -> InetAddress.getByName(address.host.substringBefore('%')).address.take(HALF_OF_IPV6)
            else -> null
        }
    }
}
