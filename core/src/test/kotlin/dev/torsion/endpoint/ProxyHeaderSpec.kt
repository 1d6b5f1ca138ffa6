// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.UnixAddress
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.HexFormat
import java.util.zip.CRC32C
import kotlin.random.Random

private const val LIMIT = 1000
private const val SIGNATURE = "0d0a0d0a000d0a515549540a"

private fun hex(text: String): ByteArray = HexFormat.of().parseHex(text.replace(" ", ""))

/** The header at the begin of [bytes], fed in pieces of [size], and how many bytes it took. */
private fun read(bytes: ByteArray, size: Int = bytes.size, limit: Int = LIMIT): Pair<ProxyHeader?, Int> {
    val reader = ProxyHeaderReader(limit)
    val view = ByteBuffer.wrap(bytes).asReadOnlyBuffer()
    while (view.position() < bytes.size) {
        view.limit(minOf(bytes.size, view.position() + size))
        reader.feed(view)?.let { return it to view.position() }
        reader.wanted shouldBeGreaterThan 0
    }
    return null to view.position()
}

/** [bytes] is a header, whatever the pieces, and nothing behind it is touched; a part of it is none. */
private fun headerOf(bytes: ByteArray): ProxyHeader {
    val (whole, _) = read(bytes)
    for (size in listOf(1, 2, 7, bytes.size)) {
        withClue("pieces of $size") {
            val (header, taken) = read(bytes + "GET".toByteArray(), size)
            taken shouldBe bytes.size
            "$header" shouldBe "$whole"
        }
    }
    for (end in 0 until bytes.size) read(bytes.copyOf(end)).first.shouldBeNull()
    neverAsksForMore(bytes)
    return whole!!
}

private fun neverAsksForMore(bytes: ByteArray) {
    val reader = ProxyHeaderReader(LIMIT)
    val view = ByteBuffer.wrap(bytes)
    while (view.position() < bytes.size) {
        withClue("at ${view.position()} of ${bytes.size}") { (view.position() + reader.wanted <= bytes.size) shouldBe true }
        view.limit(view.position() + reader.wanted)
        if (reader.feed(view) != null) break
    }
    view.position() shouldBe bytes.size
}

private fun violation(bytes: ByteArray, limit: Int = LIMIT): String =
    shouldThrow<ProtocolViolationException> { read(bytes, limit = limit) }.message!!.also {
        shouldThrow<ProtocolViolationException> { read(bytes, 1, limit) }
    }

class ProxyHeaderSpec :
    StringSpec({
        "lines of version 1" {
            val four = headerOf("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n".toByteArray())
            four.version shouldBe 1
            four.source shouldBe IPv4Address("192.0.2.1", 56324)
            four.destination shouldBe IPv4Address("198.51.100.7", 443)
            val six = headerOf("PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 0 65535\r\n".toByteArray())
            six.source shouldBe IPv6Address("2001:db8::1", 0)
            six.destination shouldBe IPv6Address("::ffff:102:304", 65535)
            for (line in listOf("PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 whatever 1 2\r\n", "PROXY UNKNOWN${" x".repeat(46)}\r\n")) {
                headerOf(line.toByteArray()).source.shouldBeNull()
            }
        }

        "lines that are none" {
            mapOf(
                "GET / HTTP/1.1\r\n" to "is none, so whoever has connected is not the proxy",
                "PROXI TCP4 1.1.1.1 2.2.2.2 1 2\r\n" to "is none",
                "PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n" to "neither TCP4",
                "PROXY UNKNOWNS abc\r\n" to "neither TCP4",
                "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n" to "6 words",
                "PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n" to "6 words",
                "PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n" to "no address of IPv4",
                "PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n" to "no address of IPv4",
                "PROXY TCP4 ::1 ::1 1 2\r\n" to "no address of IPv4",
                "PROXY TCP6 1.1.1.1 ::1 1 2\r\n" to "no address of IPv6",
                "PROXY TCP6 fe80::1%lo ::1 1 2\r\n" to "no address of IPv6",
                "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n" to "no port",
                "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n" to "no port",
                "PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n" to "no port",
                "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rx" to "lone carriage return",
                "PROXY UNKNOWN ${"x".repeat(200)}" to "more than 107 bytes",
            ).forEach { (line, problem) -> violation(line.toByteArray()) shouldContain problem }
        }

        "headers of version 2" {
            val four = headerOf(hex("$SIGNATURE 21 11 000c c0000201 c6336407 dc04 01bb"))
            four.version shouldBe 2
            four.source shouldBe IPv4Address("192.0.2.1", 56324)
            four.destination shouldBe IPv4Address("198.51.100.7", 443)
            val six = headerOf(hex("$SIGNATURE 21 21 0024 20010db8000000000000000000000001 00000000000000000000ffff01020304 0001 0002"))
            six.source shouldBe IPv6Address("2001:db8::1", 1)
            six.destination shouldBe IPv6Address("::ffff:102:304", 2)
            val unix = headerOf(hex("$SIGNATURE 21 31 00d8") + "/run/a".toByteArray().copyOf(108) + ByteArray(108))
            unix.source shouldBe UnixAddress(Path.of("/run/a"))
            (unix.destination as UnixAddress).isUnnamed shouldBe true
            headerOf(hex("$SIGNATURE 21 12 000c 01010101 02020202 0001 0002")).source shouldBe IPv4Address("1.1.1.1", 1) // of a datagram
        }

        "a local connection, and one of no known family, keep their own addresses" {
            for (text in listOf("20 00 0000", "20 11 0003 ffffff", "21 00 0002 ffff", "21 10 0000")) {
                headerOf(hex(SIGNATURE + text)).source.shouldBeNull()
            }
        }

        "TLVs come in their order, and the sum of the header is checked" {
            val text = "21 11 0019 01010101 02020202 0001 0002 02 0001 61 03 0004 00000000 ee 0000".replace(" ", "")
            val bytes = hex(SIGNATURE + text.replace("0019", "001a"))
            val sum = CRC32C().apply { update(bytes) }.value.toInt()
            val position = bytes.size - 3 - 4
            ByteBuffer.wrap(bytes).putInt(position, sum)
            val header = headerOf(bytes)
            header.tlvs.map { it.type } shouldBe listOf(ProxyHeader.TYPE_AUTHORITY, ProxyHeader.TYPE_CRC32C, 0xee)
            String(header.tlv(ProxyHeader.TYPE_AUTHORITY)!!) shouldBe "a"
            header.tlv(ProxyHeader.TYPE_SSL).shouldBeNull()
            bytes[16]++
            violation(bytes) shouldContain "CRC-32C"
        }

        "bytes of version 2 that are none" {
            mapOf(
                "11 11 000c 01010101 02020202 0001 0002" to "version and command",
                "22 11 000c 01010101 02020202 0001 0002" to "version and command",
                "21 41 0000" to "family and transport",
                "21 13 000c 01010101 02020202 0001 0002" to "family and transport",
                "21 11 000b 01010101 02020202 0001 00" to "12 bytes, but 11",
                "21 21 000c 01010101 02020202 0001 0002" to "36 bytes, but 12",
                "21 11 000e 01010101 02020202 0001 0002 0100" to "inside of a TLV",
                "21 11 0010 01010101 02020202 0001 0002 01 0002 ff" to "TLV of 2 bytes has only 1",
                "21 11 000f 01010101 02020202 0001 0002 03 0000" to "CRC-32C has 4 bytes",
                "21 11 ffff" to "65551 bytes, and 1000 are the most",
            ).forEach { (text, problem) -> violation(hex(SIGNATURE + text.replace(" ", ""))) shouldContain problem }
            violation(hex("0d0a0d0a000d0a515549540b 21 11 0000")) shouldContain "is none"
        }

        "what is written is read again, and what cannot be said is refused" {
            val four = IPv4Address("10.0.0.1", 1) to IPv4Address("10.0.0.2", 2)
            val six = IPv6Address("::1", 1) to IPv6Address("::ffff:102:304", 2)
            val unix = UnixAddress(Path.of("/a")) to UnixAddress(Path.of(""))
            val tlvs = listOf(ProxyTlv(ProxyHeader.TYPE_UNIQUE_ID, ByteArray(100)), ProxyTlv(0xff, ByteArray(0)))
            for ((source, destination) in listOf(four, six, unix)) {
                val header = ProxyHeader(2, source, destination, tlvs)
                "${headerOf(header.toBytes())}" shouldBe "$header"
            }
            for ((source, destination) in listOf(four, six)) {
                val header = ProxyHeader(1, source, destination)
                "${headerOf(header.toBytes())}" shouldBe "$header"
            }
            for (version in 1..2) headerOf(ProxyHeader(version, null, null).toBytes()).source.shouldBeNull()
            shouldThrow<IllegalArgumentException> { ProxyHeader(1, unix.first, unix.second) }
            shouldThrow<IllegalArgumentException> { ProxyHeader(1, four.first, four.second, tlvs) }
            shouldThrow<IllegalArgumentException> { ProxyHeader(2, four.first, six.second) }
            shouldThrow<IllegalArgumentException> { ProxyHeader(2, four.first, null) }
            shouldThrow<IllegalArgumentException> { ProxyHeader(3, null, null) }
        }

        "fuzz: any bytes are a header, the begin of one, or a violation, whatever the pieces" {
            val random = Random(1)
            val good = listOf(
                "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n".toByteArray(),
                hex("$SIGNATURE 21 11 0015 c0000201 c6336407 dc04 01bb 02 0001 61 ee 0002 0000"),
                hex("$SIGNATURE 21 31 00d8") + ByteArray(216),
            )
            repeat(20_000) {
                val bytes = good[it % good.size].copyOf()
                repeat(1 + random.nextInt(3)) { bytes[random.nextInt(bytes.size)] = random.nextInt().toByte() }
                fun outcome(size: Int) = try {
                    read(bytes, size).toString()
                } catch (e: ProtocolViolationException) {
                    "violation"
                }
                withClue(HexFormat.of().formatHex(bytes)) { outcome(1 + random.nextInt(20)) shouldBe outcome(bytes.size) }
            }
        }
    })
