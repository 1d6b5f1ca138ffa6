// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.net.Address
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.UnixAddress
import java.util.Collections

/**
 * A header of the PROXY protocol (HAProxy's `proxy-protocol.txt`): what a proxy says of the connection that it passes on. Immutable.
 *
 * @property version 1, a line of text, or 2, which is binary
 * @property source the client's end of that connection; null when the proxy does not know, or speaks for itself, as for a check of health
 * @property destination the end that the client has connected to; null together with [source]
 * @throws IllegalArgumentException when one address is missing, they are not of one kind, or version 1 cannot say it
 */
public class ProxyHeader
@JvmOverloads
constructor(
    public val version: Int,
    public val source: Address?,
    public val destination: Address?,
    tlvs: List<ProxyTlv> = emptyList(),
) {
    /** More that the proxy says, in its order; version 2 only. */
    public val tlvs: List<ProxyTlv> = Collections.unmodifiableList(ArrayList(tlvs))

    init {
        require(version in 1..2) { "the PROXY protocol has the versions 1 and 2, but $version was given" }
        require((source == null) == (destination == null)) { "a PROXY header has both addresses, or none" }
        if (source != null && destination != null) {
            require(kindOf(source) == kindOf(destination)) { "the addresses $source and $destination are not of one kind" }
        }
        require(version == 2 || (source == null || source is InternetAddress)) { "version 1 has no addresses such as $source" }
        require(version == 2 || tlvs.isEmpty()) { "version 1 of the PROXY protocol has nothing but addresses" }
    }

    /** The value of the first TLV of [type]; null when there is none. */
    public fun tlv(type: Int): ByteArray? = tlvs.firstOrNull { it.type == type }?.value

    /** The bytes of this header. */
    public fun toBytes(): ByteArray = if (version == 1) line().toByteArray(Charsets.US_ASCII) else encodeVersion2(this)

    private fun line(): String {
        val from = source as? InternetAddress ?: return "PROXY UNKNOWN\r\n"
        val to = destination as InternetAddress
        val family = if (from is IPv6Address) "TCP6" else "TCP4"
        return "PROXY $family ${host(from)} ${host(to)} ${from.port} ${to.port}\r\n"
    }

    private fun host(address: InternetAddress) = address.host.substringBefore('%') // a zone means nothing elsewhere

    override fun toString(): String = "ProxyHeader(version $version, ${if (source == null) "local" else "$source -> $destination"}, $tlvs)"

    public companion object {
        /** The type of a TLV with the name of the application protocol, as ALPN has it. */
        public const val TYPE_ALPN: Int = 0x01

        /** The type of a TLV with the name of the host that the client has asked for, as SNI has it. */
        public const val TYPE_AUTHORITY: Int = 0x02

        /** The type of a TLV with a CRC-32C of the header, which is checked. */
        public const val TYPE_CRC32C: Int = 0x03

        /** The type of a TLV with the proxy's own name of the connection. */
        public const val TYPE_UNIQUE_ID: Int = 0x05

        /** The type of a TLV about the client's TLS. */
        public const val TYPE_SSL: Int = 0x20

        private fun kindOf(address: Address) = when (address) {
            is IPv4Address -> 4
            is IPv6Address -> 6
            is UnixAddress -> 1
            else -> throw IllegalArgumentException("a PROXY header has no addresses such as $address")
        }
    }
}

/**
 * One more thing that a [ProxyHeader] of version 2 says.
 *
 * @property type what it is, 0 to 255; [ProxyHeader] has names for some
 */
public class ProxyTlv(public val type: Int, value: ByteArray) {
    private val bytes = value.copyOf()

    /** The value; a copy. At most 65,535 bytes. */
    public val value: ByteArray get() = bytes.copyOf()

    @get:JvmSynthetic
    internal val size get() = bytes.size

    init {
        require(type in 0..0xff) { "the type of a TLV is 0 to 255, but $type was given" }
        require(value.size <= 0xffff) { "a TLV has at most 65535 bytes, but ${value.size} were given" }
    }

    override fun toString(): String = "0x%02x: %d bytes".format(type, bytes.size)
}
