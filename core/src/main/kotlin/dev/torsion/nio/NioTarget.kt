// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.name.LocalEnd
import dev.torsion.net.AddressFamily
import dev.torsion.net.ConnectOptions
import dev.torsion.net.TcpOptions
import dev.torsion.net.hostAndPort
import java.net.InetAddress
import java.net.InetSocketAddress

/** The place that a connector connects to, from where and how. */
internal class NioTarget(val host: String, val port: Int, val connecting: ConnectOptions, val options: TcpOptions) {
    init {
        require(host.isNotBlank()) { "connectTcp needs a host" }
        require(port in 1..0xffff) { "a port to connect to is a number from 1 to 65535, but $port was given" }
    }

    private val local = connecting.bindAddress?.let(::LocalEnd)

    /** Those of the host's [addresses] that can be connected to. */
    fun reachable(addresses: List<InetAddress>): List<InetAddress> = addresses.filter { local == null || localFor(it) != null }

    /** The local end to connect to [remote] from; null for any. */
    fun localFor(remote: InetAddress): InetSocketAddress? {
        val family = if (remote in AddressFamily.IPV6) AddressFamily.IPV6 else AddressFamily.IPV4
        return local?.addresses?.firstOrNull { it in family }?.let { InetSocketAddress(it, local.port) }
    }

    override fun toString() = hostAndPort(host, port)
}
