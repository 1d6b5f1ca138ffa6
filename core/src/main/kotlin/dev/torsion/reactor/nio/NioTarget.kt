// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor.nio

import dev.torsion.net.AddressFamily
import dev.torsion.net.HostResolver
import dev.torsion.net.TcpOptions
import dev.torsion.net.hostAndPort
import java.net.InetAddress
import java.time.Duration

/** What a connector connects to, from where and how. */
internal class NioTarget(
    val host: String,
    val port: Int,
    val timeout: Duration,
    bindAddress: String?,
    val options: TcpOptions,
) {
    init {
        require(host.isNotBlank()) { "connectTcp needs a host" }
        require(port in 1..0xffff) { "a port to connect to is a number from 1 to 65535, but $port was given" }
        require(!timeout.isNegative && !timeout.isZero) { "a timeout must be positive, but $timeout was given" }
    }

    /** The local addresses to choose from; null for any. */
    private val locals: List<InetAddress>? =
        bindAddress?.let {
            requireNotNull(HostResolver.literal(it)) { "an address to connect from is numeric, but \"$it\" was given" }
        }

    /** What can be connected to, of the [addresses] of the host. */
    fun reachable(addresses: List<InetAddress>): List<InetAddress> = addresses.filter { locals == null || localFor(it) != null }

    /** The local address to connect to [remote] from; null for any. */
    fun localFor(remote: InetAddress): InetAddress? {
        val family = if (remote in AddressFamily.IPV6) AddressFamily.IPV6 else AddressFamily.IPV4
        return locals?.firstOrNull { it in family }
    }

    override fun toString() = hostAndPort(host, port)
}
