// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.name

import java.net.IDN
import java.net.InetAddress
import java.net.UnknownHostException
import java.text.Normalizer

/** [host] in the form of IDNA (RFC 3490); throws [IllegalArgumentException] when it has none. */
internal fun asciiName(host: String): String = if (host.all { it.code < ASCII_END }) {
    host
} else {
    IDN.toASCII(Normalizer.normalize(host, Normalizer.Form.NFC), IDN.ALLOW_UNASSIGNED)
}

/** The addresses of a [host] that needs no looking up, or null. */
internal fun literalAddresses(host: String): List<InetAddress>? = when {
    host.equals("localhost", ignoreCase = true) ->
        listOf(InetAddress.getByAddress(host, byteArrayOf(127, 0, 0, 1)), InetAddress.getByName("::1"))
    IPV4.matches(host) -> ipv4(host)
    ':' in host && IPV6.matches(host) -> ipv6(host)
    else -> null
}

/** Whether [text] is an address of IPv6, of any zone. */
internal fun isIpv6(text: String): Boolean = ':' in text && IPV6.matches(text) && ipv6(text.substringBefore('%')) != null

private fun ipv4(text: String): List<InetAddress>? {
    val parts = text.split('.').map { it.toInt() }
    return if (parts.all { it <= 0xff }) listOf(InetAddress.getByAddress(ByteArray(4) { parts[it].toByte() })) else null
}

private fun ipv6(text: String): List<InetAddress>? = try {
    listOf(InetAddress.getByName(text)) // it looks nothing up, having only digits and colons
} catch (_: UnknownHostException) {
    null
}

private const val ASCII_END = 0x80
private val IPV4 = Regex("""\d{1,3}(\.\d{1,3}){3}""")
private val IPV6 = Regex("""[0-9a-fA-F:][0-9a-fA-F:.]*(%\w+)?""")
