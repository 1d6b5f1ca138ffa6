// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.datagram

import dev.torsion.name.addressOf
import dev.torsion.net.InternetAddress
import dev.torsion.spi.TorsionSpi
import java.net.Inet6Address
import java.net.InetSocketAddress
import java.nio.ByteBuffer

/**
 * The shared parts of all UDP ports of one loop: so that a datagram of a sender who was seen before, and its answer, allocate nothing here.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public class LoopDatagrams {
    private val senders = arrayOfNulls<InternetAddress>(SENDERS)
    private val jdkSenders = arrayOfNulls<InetSocketAddress>(SENDERS)

    /** For arrays on their way out: a datagram fits. */
    private val outgoing: ByteBuffer by lazy(LazyThreadSafetyMode.NONE) { ByteBuffer.allocateDirect(LARGEST) }

    /** [data] as a buffer, until the next call. One of its own when it is longer than a datagram can be. */
    @JvmSynthetic
    internal fun direct(data: ByteArray): ByteBuffer = if (data.size > LARGEST) ByteBuffer.wrap(data) else outgoing.clear().put(data).flip()

    /** The Torsion address of a [sender]. */
    @JvmSynthetic
    internal fun address(sender: InetSocketAddress): InternetAddress {
        val hash = sender.hashCode()
        val place = (hash xor (hash ushr SPREAD)) and (SENDERS - 1)
        val known = jdkSenders[place]
        if (known != null && (known === sender || isSame(known, sender))) return senders[place]!!
        val address = addressOf(sender)
        jdkSenders[place] = sender
        senders[place] = address
        return address
    }

    // An address of IPv6 is equal to that of another link.
    private fun isSame(one: InetSocketAddress, other: InetSocketAddress): Boolean {
        if (one != other) return false
        val host = one.address as? Inet6Address ?: return true
        return host.scopeId == (other.address as Inet6Address).scopeId
    }

    private companion object {
        const val SENDERS = 1024
        const val SPREAD = 16
        const val LARGEST = 64 * 1024
    }
}
