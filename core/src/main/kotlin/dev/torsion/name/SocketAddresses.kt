// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import dev.torsion.log.escaped
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.InvalidAddressException
import java.net.InetAddress
import java.net.InetSocketAddress

/**
 * This address as the JDK has it, made once for each object.
 *
 * @throws InvalidAddressException when its host is a name
 */
internal fun InternetAddress.socketAddress(): InetSocketAddress = when (this) {
    is IPv4Address -> resolved ?: InetSocketAddress(numericAddress(host), port).also { resolved = it }
    is IPv6Address -> resolved ?: InetSocketAddress(numericAddress(host), port).also { resolved = it }
}

/** The Torsion address of [address], which remembers it. */
internal fun addressOf(address: InetSocketAddress): InternetAddress = InternetAddress.of(address).also {
    when (it) {
        is IPv4Address -> it.resolved = address
        is IPv6Address -> it.resolved = address
    }
}

/** The numeric [host]; throws an [InvalidAddressException] when it is a name. */
internal fun numericAddress(host: String): InetAddress {
    val addresses = if (host.equals("localhost", ignoreCase = true)) null else literalAddresses(host)
    return addresses?.first() ?: throw InvalidAddressException(
        host,
        "\"${escaped(host)}\" is no numeric address: datagrams are sent to those only, so look the name up first, with reactor.resolve",
    )
}
