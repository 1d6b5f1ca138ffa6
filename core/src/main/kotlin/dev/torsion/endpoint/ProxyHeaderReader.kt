// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.log.escaped
import dev.torsion.name.isIpv6
import dev.torsion.net.InternetAddress
import dev.torsion.net.ProtocolViolationException
import java.net.InetAddress
import java.nio.ByteBuffer

/**
 * Reads one [ProxyHeader] of either version from a stream, in pieces of any size. It asks for no byte beyond the header, and keeps no more
 * than [limit] bytes.
 *
 * @param limit the most bytes of a header of version 2; one of version 1 has 107 at most
 */
internal class ProxyHeaderReader(private val limit: Int) {
    private var bytes = ByteArray(LONGEST_LINE)
    private var count = 0

    /** At least so many bytes are missing. */
    var wanted = SHORTEST
        private set

    /** Takes the bytes of the header from [view], and no more; null while it is not whole. */
    fun feed(view: ByteBuffer): ProxyHeader? {
        while (view.hasRemaining()) {
            val taken = minOf(wanted, view.remaining())
            view.get(bytes, count, taken)
            count += taken
            wanted -= taken
            checkBegin()
            if (wanted > 0) continue
            if (isBinary) {
                if (count == PROXY_FIXED) beginRest()
                if (count < PROXY_FIXED) wanted = PROXY_FIXED - count
                if (wanted == 0) return parseVersion2(bytes.copyOf(count))
            } else {
                if (isLineEnded()) return parseLine(String(bytes, 0, count - 2, Charsets.US_ASCII))
                if (count == LONGEST_LINE) violation("its line has more than $LONGEST_LINE bytes")
                wanted = if (bytes[count - 1] == CR) 1 else minOf(2, LONGEST_LINE - count)
            }
        }
        return null
    }

    private val isBinary get() = bytes[0] == PROXY_SIGNATURE[0]

    /** The first byte that differs shows a peer that speaks another protocol. */
    private fun checkBegin() {
        val begin = if (isBinary) PROXY_SIGNATURE else LINE_BEGIN
        for (i in 0 until minOf(count, begin.size)) {
            if (bytes[i] == begin[i]) continue
            val seen = String(bytes, 0, minOf(count, SHORTEST), Charsets.ISO_8859_1)
            violation("\"${escaped(seen)}\" is none, so whoever has connected is not the proxy that is expected")
        }
    }

    private fun beginRest() {
        val rest = restOfVersion2(bytes)
        if (PROXY_FIXED + rest > limit) violation("it has ${PROXY_FIXED + rest} bytes, and $limit are the most")
        bytes = bytes.copyOf(PROXY_FIXED + rest)
        wanted = rest
    }

    private fun isLineEnded(): Boolean {
        val from = maxOf(0, count - 2)
        for (i in from until count - 1) if (bytes[i] == CR && bytes[i + 1] != LF) violation("its line has a lone carriage return")
        return count >= SHORTEST && bytes[count - 2] == CR && bytes[count - 1] == LF
    }

    private fun parseLine(line: String): ProxyHeader {
        val words = line.split(' ')
        val family = words.getOrNull(1)
        if (family == "UNKNOWN") return ProxyHeader(1, null, null) // what it says more is to be ignored
        if (family != "TCP4" && family != "TCP6") violation("\"${escaped(line)}\" has neither TCP4, TCP6 nor UNKNOWN")
        if (words.size != WORDS) violation("\"${escaped(line)}\" does not have $WORDS words")
        val isSix = family == "TCP6"
        return ProxyHeader(1, address(words[2], words[4], isSix), address(words[3], words[5], isSix))
    }

    private fun address(host: String, port: String, isSix: Boolean): InternetAddress {
        val isHost = if (isSix) isIpv6(host) && '%' !in host else IPV4.matches(host) && host.split('.').all { it.toInt() <= 0xff }
        if (!isHost) violation("\"${escaped(host)}\" is no address of ${if (isSix) "IPv6" else "IPv4"}")
        val number = port.takeIf(PORT::matches)?.toInt()?.takeIf { it <= 0xffff } ?: violation("\"${escaped(port)}\" is no port")
        val address = InetAddress.getByName(host) // numeric: no look-up
        return if (isSix) InternetAddress.ofIPv6(address.address, number) else InternetAddress.of(address, number)
    }

    private fun violation(problem: String): Nothing = throw ProtocolViolationException("The PROXY header is wrong: $problem.")

    private companion object {
        const val SHORTEST = 15 // "PROXY UNKNOWN" and its end; less than the fixed bytes of version 2
        const val LONGEST_LINE = 107
        const val WORDS = 6
        const val CR = '\r'.code.toByte()
        const val LF = '\n'.code.toByte()
        val LINE_BEGIN = "PROXY ".toByteArray()
        val IPV4 = Regex("""(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}""")
        val PORT = Regex("""0|[1-9]\d{0,4}""")
    }
}
