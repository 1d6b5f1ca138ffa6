// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.log.escaped
import dev.torsion.net.Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.UnixAddress
import java.net.InetAddress
import java.nio.ByteBuffer
import java.nio.file.InvalidPathException
import java.nio.file.Path
import java.util.zip.CRC32C

// The binary header: twelve bytes that no protocol begins with, version and command, family and transport, the length of the rest.

internal val PROXY_SIGNATURE = byteArrayOf(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
internal const val PROXY_FIXED = 16

private const val LOCAL = 0x20
private const val PROXY = 0x21
private const val FAMILY_IPV4 = 1
private const val FAMILY_IPV6 = 2
private const val FAMILY_UNIX = 3
private const val STREAM = 1
private const val DATAGRAM = 2
private const val UNIX_PATH = 108
private const val CRC_SIZE = 4

internal fun encodeVersion2(header: ProxyHeader): ByteArray {
    val source = header.source
    val family = when (source) {
        null -> 0
        is UnixAddress -> FAMILY_UNIX
        is IPv6Address -> FAMILY_IPV6
        else -> FAMILY_IPV4
    }
    val addresses = if (source == null) ByteArray(0) else addresses(source, header.destination!!)
    val length = addresses.size + header.tlvs.sumOf { 3 + it.size }
    require(length <= 0xffff) { "a PROXY header has at most 65535 bytes of addresses and TLVs, but these are $length" }
    val bytes = ByteBuffer.allocate(PROXY_FIXED + length).put(PROXY_SIGNATURE)
    bytes.put((if (source == null) LOCAL else PROXY).toByte())
    bytes.put((if (source == null) 0 else family shl 4 or STREAM).toByte())
    bytes.putShort(length.toShort()).put(addresses)
    for (tlv in header.tlvs) bytes.put(tlv.type.toByte()).putShort(tlv.size.toShort()).put(tlv.value)
    return bytes.array()
}

private fun addresses(source: Address, destination: Address): ByteArray {
    if (source is UnixAddress) return pathBytes(source) + pathBytes(destination as UnixAddress)
    val ports = ByteBuffer.allocate(4).putShort((source as InternetAddress).port.toShort())
    return addressBytes(source) + addressBytes(destination) + ports.putShort((destination as InternetAddress).port.toShort()).array()
}

private fun addressBytes(address: Address): ByteArray {
    val bytes = InetAddress.getByName((address as InternetAddress).host).address // numeric: no look-up
    return if (address is IPv6Address) InternetAddress.asIPv6(bytes) else bytes
}

private fun pathBytes(address: UnixAddress): ByteArray {
    val bytes = address.path.toString().toByteArray()
    require(bytes.size < UNIX_PATH) { "a PROXY header has paths of at most ${UNIX_PATH - 1} bytes, but $address has ${bytes.size}" }
    return bytes.copyOf(UNIX_PATH)
}

/** How many bytes follow the fixed ones, which [bytes] begins with. */
internal fun restOfVersion2(bytes: ByteArray): Int {
    val command = bytes[12].toInt() and 0xff
    if (command != LOCAL && command != PROXY) violation("0x%02x is no version and command of it".format(command))
    return ((bytes[14].toInt() and 0xff) shl 8) or (bytes[15].toInt() and 0xff)
}

/** The header that is all of [bytes]. */
internal fun parseVersion2(bytes: ByteArray): ProxyHeader {
    val body = ByteBuffer.wrap(bytes, PROXY_FIXED, bytes.size - PROXY_FIXED).slice()
    if (bytes[12].toInt() == LOCAL) return ProxyHeader(2, null, null) // what it says more is to be ignored
    val family = (bytes[13].toInt() and 0xff) shr 4
    val transport = bytes[13].toInt() and 0xf
    if (transport > DATAGRAM || family > FAMILY_UNIX) violation("0x%02x is no family and transport of it".format(bytes[13]))
    val isKnown = family != 0 && transport != 0
    val (source, destination) = if (isKnown) readAddresses(family, body) else null to null
    val tlvs = if (isKnown) readTlvs(bytes, body) else emptyList() // how long the addresses are is not said
    return ProxyHeader(2, source, destination, tlvs)
}

private fun readAddresses(family: Int, body: ByteBuffer): Pair<Address, Address> {
    val each = when (family) {
        FAMILY_IPV4 -> 4
        FAMILY_IPV6 -> 16
        else -> UNIX_PATH
    }
    val needed = 2 * each + if (family == FAMILY_UNIX) 0 else 4
    if (body.remaining() < needed) violation("its addresses have $needed bytes, but ${body.remaining()} are there")
    val from = ByteArray(each).also(body::get)
    val to = ByteArray(each).also(body::get)
    if (family == FAMILY_UNIX) return unixAddress(from) to unixAddress(to)
    val fromPort = body.getShort().toInt() and 0xffff
    val toPort = body.getShort().toInt() and 0xffff
    return internetAddress(from, fromPort) to internetAddress(to, toPort)
}

private fun internetAddress(bytes: ByteArray, port: Int): Address =
    if (bytes.size == 4) InternetAddress.of(InetAddress.getByAddress(bytes), port) else InternetAddress.ofIPv6(bytes, port)

private fun unixAddress(bytes: ByteArray): UnixAddress {
    val end = bytes.indexOf(0).let { if (it < 0) bytes.size else it }
    val text = String(bytes, 0, end)
    return try {
        UnixAddress(Path.of(text))
    } catch (e: InvalidPathException) {
        throw ProtocolViolationException("The PROXY header has no path in \"${escaped(text)}\".", e)
    }
}

private fun readTlvs(bytes: ByteArray, body: ByteBuffer): List<ProxyTlv> {
    val tlvs = ArrayList<ProxyTlv>()
    while (body.hasRemaining()) {
        if (body.remaining() < 3) violation("it ends inside of a TLV")
        val type = body.get().toInt() and 0xff
        val size = body.getShort().toInt() and 0xffff
        if (size > body.remaining()) violation("a TLV of $size bytes has only ${body.remaining()}")
        val position = PROXY_FIXED + body.position()
        val value = ByteArray(size).also(body::get)
        if (type == ProxyHeader.TYPE_CRC32C) checkCrc(bytes, position, value)
        tlvs.add(ProxyTlv(type, value))
    }
    return tlvs
}

private fun checkCrc(bytes: ByteArray, position: Int, value: ByteArray) {
    if (value.size != CRC_SIZE) violation("a CRC-32C has 4 bytes, but this one ${value.size}")
    val blank = bytes.copyOf().apply { fill(0, position, position + CRC_SIZE) }
    val sum = CRC32C().apply { update(blank) }.value.toInt()
    if (sum != ByteBuffer.wrap(value).getInt()) violation("its CRC-32C does not fit its bytes")
}

private fun violation(problem: String): Nothing = throw ProtocolViolationException("The PROXY header is wrong: $problem.")
