// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.policies

import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.policies.PcapRecorder
import dev.torsion.testkit.MemoryReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.FileAlreadyExistsException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions
import java.util.concurrent.TimeUnit
import kotlin.io.path.readBytes

private class Echo : Protocol() {
    override fun dataReceived(data: ByteArray) {
        transport.write(data)
        transport.loseConnection()
    }
}

private class Speaker(private val text: ByteArray) : Protocol() {
    var reason: CloseReason? = null

    override fun connectionMade() = transport.write(text)

    override fun connectionLost(reason: CloseReason) {
        this.reason = reason
    }
}

/** The blocks of a recording: their type, and what is between the two lengths. */
private fun blocks(file: Path): List<Pair<Int, ByteBuffer>> {
    val bytes = ByteBuffer.wrap(file.readBytes()).order(ByteOrder.LITTLE_ENDIAN)
    val blocks = ArrayList<Pair<Int, ByteBuffer>>()
    while (bytes.hasRemaining()) {
        val type = bytes.getInt()
        val size = bytes.getInt()
        val body = bytes.slice().limit(size - 12).order(ByteOrder.LITTLE_ENDIAN)
        bytes.position(bytes.position() + size - 12)
        bytes.getInt() shouldBe size
        blocks.add(type to body)
    }
    return blocks
}

private const val PACKET = 6

class PcapRecorderSpec :
    StringSpec({
        val folder = tempdir().toPath()
        lateinit var reactor: MemoryReactor
        beforeTest { reactor = MemoryReactor() }
        afterTest { reactor.close() }

        fun record(name: String, text: ByteArray, limit: Long = 1_000_000): Pair<Path, Long> {
            val file = folder.resolve(name)
            val recorder = PcapRecorder.open(file, limit)
            recorder.use {
                val options = TcpOptions.DEFAULT.withStream(StreamOptions.DEFAULT.withListener(it))
                val port = reactor.listenTcp(8007, Factory { Echo() }, options = options)
                reactor.connectTcp("127.0.0.1", 8007, ClientFactory { Speaker(text) })
                reactor.flush()
                port.stopListening()
                reactor.flush()
            }
            return file to recorder.droppedPackets
        }

        "a recording has a section, an interface and the packets of both directions" {
            val (file, dropped) = record("plain.pcapng", "hello".toByteArray())
            dropped shouldBe 0
            val blocks = blocks(file)
            blocks.take(2).map { it.first } shouldContainExactly listOf(0x0A0D0D0A, 1)
            val packets = blocks.filter { it.first == PACKET }.map { it.second }
            packets.count { body -> ByteArray(body.limit()).also { body.get(0, it) }.decodeToString().contains("hello") } shouldBe 2
        }

        "the numbers of the packets' bytes follow each other, also of many" {
            val (file, _) = record("long.pcapng", ByteArray(100_000) { it.toByte() })
            val next = HashMap<Short, Int>()
            blocks(file).filter { it.first == PACKET }.forEach { (_, body) ->
                val packet = body.slice(20, body.limit() - 20).order(ByteOrder.BIG_ENDIAN)
                val from = packet.getShort(20)
                val sequence = packet.getInt(24)
                next[from]?.let { sequence shouldBe it }
                val size = (packet.getShort(2).toInt() and 0xffff) - 40
                next[from] = sequence + size + (packet.get(33).toInt() and 1)
            }
            next.values.maxOrNull()!! shouldBeGreaterThanInt 40_000
        }

        "a file that is as long as it may be takes no more, and says how much is missing" {
            val (file, dropped) = record("short.pcapng", ByteArray(100_000), limit = 40_000)
            dropped shouldBeGreaterThan 0
            Files.size(file) shouldBeLessThanOrEqual 40_100
            val (type, body) = blocks(file).last()
            type shouldBe 5
            body.getLong(16) shouldBe dropped
        }

        "the file is its owner's alone, and none that is there is written over" {
            val (file, _) = record("owner.pcapng", ByteArray(1))
            if ("posix" in file.fileSystem.supportedFileAttributeViews()) {
                PosixFilePermissions.toString(Files.getPosixFilePermissions(file)) shouldBe "rw-------"
            }
            shouldThrow<FileAlreadyExistsException> { PcapRecorder.open(file) }
        }

        "a limit that is too small for any recording leaves no file" {
            val file = folder.resolve("none.pcapng")
            shouldThrow<IllegalArgumentException> { PcapRecorder.open(file, 100) }
            Files.exists(file) shouldBe false
        }

        "connections of IPv6, and those without addresses, are recorded too" {
            val file = folder.resolve("others.pcapng")
            PcapRecorder.open(file).use { recorder ->
                listOf(
                    IPv6Address("fe80::1%eth0", 5) to IPv6Address("2001:db8::2", 6),
                    object : dev.torsion.net.Address {} to IPv4Address("192.0.2.1", 7),
                ).forEach { (host, peer) -> recorder.connectionOpened(host, peer).received(ByteBuffer.wrap("six".toByteArray())) }
            }
            val packets = blocks(file).filter { it.first == PACKET }.map { it.second.get(20).toInt() shr 4 }
            packets shouldContainExactly listOf(6, 4)
        }

        "tshark reads it".config(enabledOrReasonIf = { needsTshark() }) {
            val (file, _) = record("tshark.pcapng", "GET / HTTP/1.0\r\n\r\n".toByteArray())
            val lines =
                tshark(file, "-T", "fields", "-e", "_ws.col.Protocol", "-e", "tcp.len", "-e", "tcp.flags.fin", "-d", "tcp.port==8007,http")
            lines shouldHaveSize 3
            lines.count { it.startsWith("HTTP\t18") } shouldBe 2
            tshark(file, "-T", "fields", "-e", "_ws.expert.message").none { "alformed" in it } shouldBe true
            val secrets = folder.resolve("secrets.pcapng")
            PcapRecorder.open(secrets).use { it.addTlsSecrets("CLIENT_RANDOM 00 11\n") }
            blocks(secrets).map { it.first } shouldContain 10
            tshark(secrets, "-q")
        }
    })

private infix fun Int.shouldBeGreaterThanInt(other: Int) = (this > other) shouldBe true

private fun needsTshark(): io.kotest.core.test.Enabled =
    if (System.getenv("PATH").split(File.pathSeparator).any { File(it, "tshark").canExecute() }) {
        io.kotest.core.test.Enabled.enabled
    } else {
        io.kotest.core.test.Enabled.disabled("tshark is not installed")
    }

private fun tshark(file: Path, vararg arguments: String): List<String> {
    val process = ProcessBuilder("tshark", "-r", file.toString(), *arguments).redirectError(ProcessBuilder.Redirect.DISCARD).start()
    val lines = process.inputStream.bufferedReader().readLines()
    process.waitFor(60, TimeUnit.SECONDS) shouldBe true
    process.exitValue() shouldBe 0
    return lines
}
