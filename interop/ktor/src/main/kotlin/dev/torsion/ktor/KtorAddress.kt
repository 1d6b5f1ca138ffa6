// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.net.Address
import dev.torsion.net.InternetAddress
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.SocketAddress
import io.ktor.network.sockets.toJavaAddress

/** ktor's address as Torsion's. */
internal fun SocketAddress.toTorsion(): InternetAddress {
    val java = toJavaAddress() as? java.net.InetSocketAddress
    return InternetAddress.of(requireNotNull(java) { "$this is no internet address" })
}

/** Torsion's address as ktor's. Its host is numeric, so nothing is looked up. */
internal fun Address.toKtor(): SocketAddress =
    requireNotNull(this as? InternetAddress) { "$this is no internet address" }.run { InetSocketAddress(host, port) }
