// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.policies

import dev.torsion.endpoint.ProtocolWrapper
import dev.torsion.endpoint.WrappingFactory
import dev.torsion.log.Logger
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Protocol
import java.util.concurrent.atomic.AtomicInteger
import java.util.function.Supplier

/**
 * Has at most [connectionLimit] connections at once; Twisted's `LimitTotalConnectionsFactory`.
 *
 * One more gets a protocol of [overflow], which may say why and should end the connection soon. There are at most as many of those again.
 * Without [overflow] the connection is closed at once. Both are logged, at level info.
 *
 * ```kotlin
 * endpoint.wrap { LimitTotalConnectionsFactory(it, 1000) }.listen(factory)
 * ```
 *
 * Put it nearest to the connection, as the first wrapper. It then counts connections that are still in a TLS handshake too.
 *
 * Thread: the reactor's. One factory may serve several reactors, and counts for all of them.
 *
 * @property connectionLimit how many there may be, 1 at least
 */
public class LimitTotalConnectionsFactory
@JvmOverloads
constructor(
    wrapped: Factory,
    public val connectionLimit: Int,
    private val overflow: Supplier<out Protocol>? = null,
) : WrappingFactory(wrapped) {
    private val served = AtomicInteger()
    private val refused = AtomicInteger()

    init {
        require(connectionLimit > 0) { "connectionLimit must be positive, but is $connectionLimit" }
    }

    /** How many connections there are now, without those of the overflow. On any thread. */
    public val connectionCount: Int get() = served.get()

    override fun buildProtocol(address: Address): Protocol? {
        if (served.get() < connectionLimit) return super.buildProtocol(address)
        log.info("no more than {limit} connections: {peer} is turned away", "limit" to connectionLimit, "peer" to address)
        if (overflow == null || refused.get() >= connectionLimit) return null
        val protocol = overflow.get()
        protocol.factory = this
        return CountedProtocol(protocol, refused, connectionLimit)
    }

    override fun wrapProtocol(protocol: Protocol): Protocol = CountedProtocol(protocol, served, connectionLimit)

    private companion object {
        val log = Logger(LimitTotalConnectionsFactory::class.java)
    }
}

/**
 * Has at most [connectionLimit] connections with one peer at once; Twisted's `LimitConnectionsByPeer`. One more is closed at once.
 *
 * A peer is a host. Hosts of IPv6 count as one when their first 64 bits are the same, since one user has as many of those as they like.
 * Peers without a host, such as those of UNIX sockets, are not limited. Behind a proxy all connections come from the same host: put the
 * wrapper for the PROXY protocol nearer to the connection.
 *
 * Thread: the reactor's. One factory may serve several reactors, and counts for all of them.
 *
 * @property connectionLimit how many there may be, 1 at least
 */
public class LimitConnectionsByPeer(wrapped: Factory, public val connectionLimit: Int) : WrappingFactory(wrapped) {
    private val peers = PeerCounts()

    init {
        require(connectionLimit > 0) { "connectionLimit must be positive, but is $connectionLimit" }
    }

    /** How many connections with the peer at [address] there are now. On any thread. */
    public fun connectionCount(address: Address): Int = PeerCounts.keyOf(address)?.let(peers::count) ?: 0

    override fun buildProtocol(address: Address): Protocol? {
        val peer = PeerCounts.keyOf(address)
        if (peer == null || peers.count(peer) < connectionLimit) return super.buildProtocol(address)
        log.info("no more than {limit} connections with one peer: {peer} is turned away", "limit" to connectionLimit, "peer" to address)
        return null
    }

    override fun wrapProtocol(protocol: Protocol): Protocol = PeerProtocol(protocol, peers, connectionLimit)

    private companion object {
        val log = Logger(LimitConnectionsByPeer::class.java)
    }
}

/** Counts from its connection's beginning to its end: a protocol that was built and never connected counts nothing. */
private class CountedProtocol(protocol: Protocol, private val count: AtomicInteger, private val limit: Int) : ProtocolWrapper(protocol) {
    override val halves: HalfCloseableProtocol? get() = wrapped.halves

    override fun connectionMade() {
        // Others may have been built before this one, and connected meanwhile.
        if (count.incrementAndGet() > limit) transport.abortConnection() else super.connectionMade()
    }

    override fun connectionLost(reason: CloseReason) {
        count.decrementAndGet()
        super.connectionLost(reason)
    }
}

private class PeerProtocol(protocol: Protocol, private val peers: PeerCounts, private val limit: Int) : ProtocolWrapper(protocol) {
    private var peer: Any? = null

    override val halves: HalfCloseableProtocol? get() = wrapped.halves

    override fun connectionMade() {
        peer = PeerCounts.keyOf(transport.peer())
        val key = peer
        if (key != null && peers.add(key) > limit) transport.abortConnection() else super.connectionMade()
    }

    override fun connectionLost(reason: CloseReason) {
        peer?.let(peers::remove)
        super.connectionLost(reason)
    }
}
