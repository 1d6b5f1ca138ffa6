// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.escaped
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.SocketAddress

/**
 * One end of a connection: an [InternetAddress], or what another kind of transport has. Addresses are values: equal when they name the same
 * end. Twisted's `IAddress`.
 */
public interface Address

/** The port number of this address, for those that promise one. */
internal fun Address.portNumber(): Int = checkNotNull(this as? InternetAddress) { "$this has no port number" }.port

/** An address with a [host] and a [port]: [IPv4Address] or [IPv6Address]. */
public sealed interface InternetAddress : Address {
    /** The numeric host, such as `127.0.0.1` or `::1`, in the form of RFC 5952. */
    public val host: String

    /** The port, 0 to 65535. */
    public val port: Int

    public companion object {
        /**
         * The Torsion address of a resolved [address].
         *
         * @throws InvalidAddressException when it is not resolved
         */
        @JvmStatic
        public fun of(address: InetSocketAddress): InternetAddress {
            val host = address.address ?: throw InvalidAddressException(address.hostString, "$address is a name that was not looked up")
            return of(host, address.port)
        }

        /** The Torsion address of [address] and [port]. */
        @JvmStatic
        public fun of(address: InetAddress, port: Int): InternetAddress =
            if (address is Inet6Address) IPv6Address(canonicalText(address), port) else IPv4Address(address.hostAddress, port)

        /** The address of IPv6 of these [bytes]. */
        @JvmSynthetic
        internal fun ofIPv6(bytes: ByteArray, port: Int): IPv6Address =
            IPv6Address(canonicalText(Inet6Address.getByAddress(null, asIPv6(bytes), -1)), port)

        /** The 16 bytes of an address of IPv6: Java makes one of IPv4 of `::ffff:1.2.3.4`. */
        @JvmSynthetic
        internal fun asIPv6(bytes: ByteArray): ByteArray = if (bytes.size == 16) bytes else ByteArray(10) + byteArrayOf(-1, -1) + bytes

        @JvmSynthetic
        internal fun of(address: SocketAddress): InternetAddress = of(address as InetSocketAddress)
    }
}

/** An IPv4 host and port; prints as `127.0.0.1:8007`. */
public data class IPv4Address(override val host: String, override val port: Int) : InternetAddress {
    /** This address as the JDK has it, once somebody has asked for it; no part of its value. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var resolved: InetSocketAddress? = null

    override fun toString(): String = "$host:$port"
}

/** An IPv6 host and port; prints as `[::1]:8007`. */
public data class IPv6Address(override val host: String, override val port: Int) : InternetAddress {
    /** See [IPv4Address.resolved]. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var resolved: InetSocketAddress? = null

    override fun toString(): String = "[$host]:$port"
}

/** [host] and [port] as people write them: `example.com:80`, `[::1]:80`. Characters that are not printable are escaped. */
internal fun hostAndPort(host: String, port: Int): String = if (':' in host) "[${escaped(host)}]:$port" else "${escaped(host)}:$port"

/** The text of RFC 5952: Java writes `0:0:0:0:0:0:0:1` for `::1`. */
private fun canonicalText(address: Inet6Address): String {
    val text = address.hostAddress
    val zeros = ZEROS.findAll(text).maxByOrNull { it.value.count { c -> c == '0' } } ?: return text
    return text.replaceRange(zeros.range, "::")
}

/** Two groups of zeros or more, with the colons around them. */
private val ZEROS = Regex("""(?:(?<=^)|:)0(?::0)+(?::|(?=$|%))""")
