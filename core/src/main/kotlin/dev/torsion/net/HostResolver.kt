// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.escaped
import java.net.IDN
import java.net.InetAddress
import java.net.UnknownHostException
import java.text.Normalizer

/**
 * Finds the addresses of a host name; the reactor's resolver in Twisted.
 *
 * Numeric addresses and `localhost` are never asked for. A name with letters beyond ASCII is asked for as the name service knows it, in the
 * form of IDNA (RFC 3490): `xn--bcher-kva.ch` for `bücher.ch`, however its letters are composed. Anything that a resolver throws fails the
 * look-up.
 *
 * Thread: one of at most four threads that the reactor keeps for this, so it may block, and does not keep other blocking work waiting when
 * it does. Those who asked wait no longer than their own time-out. Several names may be asked for at the same time.
 */
public fun interface HostResolver {
    /** The addresses of [host], at least one, in the order in which they are to be tried; those of both families are then mixed. */
    @Throws(UnknownHostException::class)
    public fun resolve(host: String): List<InetAddress>

    public companion object {
        /**
         * The operating system's, with the IPv6 addresses first, as RFC 6724 would have them where there is a choice; Java's own order is
         * kept when the system property `java.net.preferIPv6Addresses` says which that is. A look-up may take as long as the system allows,
         * often half a minute. Java keeps its answers for a while: see the security properties `networkaddress.cache.ttl` (30 s) and
         * `networkaddress.cache.negative.ttl` (10 s).
         */
        @JvmStatic
        public fun system(): HostResolver =
            if (System.getProperty("java.net.preferIPv6Addresses") == null) {
                HostResolver { host -> InetAddress.getAllByName(host).sortedBy { it in AddressFamily.IPV4 } }
            } else {
                HostResolver { InetAddress.getAllByName(it).asList() }
            }

        /** [hosts] and nothing else, like a hosts file: for tests, and for programs that must not ask anybody. Names are in lower case. */
        @JvmStatic
        public fun fixed(hosts: Map<String, List<InetAddress>>): HostResolver {
            val known = hosts.mapKeys { asciiName(it.key) }
            return HostResolver { known[it.lowercase()] ?: throw UnknownHostException(escaped(it)) }
        }

        /** [host] in the form of IDNA; throws [IllegalArgumentException] when it has none. */
        internal fun asciiName(host: String): String =
            if (host.all { it.code < ASCII_END }) {
                host
            } else {
                IDN.toASCII(Normalizer.normalize(host, Normalizer.Form.NFC), IDN.ALLOW_UNASSIGNED)
            }

        /** The addresses of a [host] that needs no looking up, or null. */
        internal fun literal(host: String): List<InetAddress>? =
            when {
                host.equals("localhost", ignoreCase = true) ->
                    listOf(InetAddress.getByAddress(host, byteArrayOf(127, 0, 0, 1)), InetAddress.getByName("::1"))
                IPV4.matches(host) -> ipv4(host)
                ':' in host && IPV6.matches(host) -> ipv6(host)
                else -> null
            }

        private fun ipv4(text: String): List<InetAddress>? {
            val parts = text.split('.').map { it.toInt() }
            return if (parts.all { it <= 0xff }) listOf(InetAddress.getByAddress(ByteArray(4) { parts[it].toByte() })) else null
        }

        private fun ipv6(text: String): List<InetAddress>? =
            try {
                listOf(InetAddress.getByName(text)) // it looks nothing up, having only digits and colons
            } catch (_: UnknownHostException) {
                null
            }

        private const val ASCII_END = 0x80
        private val IPV4 = Regex("""\d{1,3}(\.\d{1,3}){3}""")
        private val IPV6 = Regex("""[0-9a-fA-F:][0-9a-fA-F:.]*(%\w+)?""")
    }
}
