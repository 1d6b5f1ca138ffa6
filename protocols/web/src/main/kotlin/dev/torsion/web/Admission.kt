// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.Address
import dev.torsion.policies.PeerCounts

/** How many connections a site has, in all and of each peer. A connection counts from its beginning to its end. Thread: the reactor's. */
internal class Admission(private val options: HttpServerOptions) {
    private val peers = PeerCounts()
    private var count = 0

    /** Whether one more with the peer at [address] may begin; otherwise the log says why not. */
    fun admits(address: Address): Boolean {
        if (count >= options.maxConnections) {
            log.info("no more than {limit} connections: {peer} is turned away", "limit" to options.maxConnections, LogKeys.PEER to address)
            return false
        }
        val key = keyOf(address) ?: return true
        if (peers.count(key) < options.maxConnectionsByPeer) return true
        val limit = options.maxConnectionsByPeer
        log.info("no more than {limit} connections with one peer: {peer} is turned away", "limit" to limit, LogKeys.PEER to address)
        return false
    }

    /** One with [key] has begun. False when others came before it, and it is one too many. */
    fun begin(key: Any?): Boolean {
        val isOne = ++count <= options.maxConnections
        return (key == null || peers.add(key) <= options.maxConnectionsByPeer) && isOne
    }

    fun end(key: Any?) {
        count--
        key?.let(peers::remove)
    }

    /** The key that the connections of one peer share; null for those that are not limited. */
    fun keyOf(address: Address): Any? = if (options.trustedProxies?.trusts(address) == true) null else PeerCounts.keyOf(address)

    private companion object {
        val log = Logger(Site::class.java)
    }
}
