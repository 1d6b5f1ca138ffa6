// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import java.net.Inet6Address
import java.net.InetAddress

/**
 * [addresses] with those of IPv6 and IPv4 in turn, beginning with the family of the first and keeping the order within each, so that a
 * family that does not work costs one attempt only; RFC 8305, section 4.
 */
internal fun interleaved(addresses: List<InetAddress>): List<InetAddress> {
    val (leading, other) = addresses.partition { (it is Inet6Address) == (addresses.first() is Inet6Address) }
    return (0 until maxOf(leading.size, other.size)).flatMap { listOfNotNull(leading.getOrNull(it), other.getOrNull(it)) }
}
