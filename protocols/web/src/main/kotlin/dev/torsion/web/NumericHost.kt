// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.net.InetAddress
import java.net.UnknownHostException

/** Addresses as they stand in fields and in lists of networks. Nothing is looked up. */
internal object NumericHost {
    /** The address that [text] is, of IPv4 without leading zeros or of IPv6 without a zone; null for anything else. */
    fun parse(text: String): InetAddress? = if (':' in text) ipv6(text) else ipv4(text)

    private fun ipv4(text: String): InetAddress? {
        val parts = text.split('.')
        if (parts.size != 4 || !parts.all(::isByte)) return null
        return InetAddress.getByAddress(ByteArray(4) { parts[it].toInt().toByte() })
    }

    private fun isByte(part: String) =
        part.length in 1..3 && part.all { it in '0'..'9' } && part.toInt() <= 255 && (part == "0" || part[0] != '0')

    private fun ipv6(text: String): InetAddress? {
        if (text.length > LONGEST || !text.all { it in "0123456789abcdefABCDEF:." }) return null
        return try {
            InetAddress.getByName(text) // having a colon, it is looked up nowhere
        } catch (_: UnknownHostException) {
            null
        }
    }

    private const val LONGEST = 45
}
