// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.policies

import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionListener
import dev.torsion.net.ConnectionListenerFactory
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.InternetAddress
import java.net.InetAddress
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicInteger

/**
 * Records connections in a file that Wireshark opens (pcapng). The bytes are those that the connections have read and written, in packets
 * made up for them. The recording has no handshakes and no checksums of TCP, and no packets that were lost or sent twice.
 *
 * ```java
 * try (var recorder = PcapRecorder.open(Path.of("traffic.pcapng"))) {
 *   var options = StreamOptions.DEFAULT.withListener(recorder);
 *   ...
 * }
 * ```
 *
 * A recording has all secrets of its connections. So the file is made for its owner only, where the file system knows owners. The content
 * of a TLS connection can be read when [addTlsSecrets] has been given its keys.
 *
 * A thread of its own writes the file. When the disk is slow, up to 16 MiB wait. Further packets are left out, and the recording says how
 * many. At the limit of the file's size the recording ends, and the connections live on.
 *
 * Thread: any.
 */
public class PcapRecorder private constructor(private val file: PcapFile) :
    ConnectionListenerFactory,
    AutoCloseable {
    private val unnamed = AtomicInteger()

    /** How many packets were left out, since the disk was too slow, or the file is as long as it may be. */
    public val droppedPackets: Long get() = file.dropped

    override fun connectionOpened(host: Address, peer: Address): ConnectionListener {
        val (ours, theirs) =
            if (host is InternetAddress && peer is InternetAddress && host.javaClass == peer.javaClass) host to peer else placeholders()
        return Recording(TcpFlow(ours, theirs), TcpFlow(theirs, ours))
    }

    /** For connections that have no internet addresses: each gets a port of its own at 127.0.0.1. */
    private fun placeholders() = IPv4Address(LOOPBACK, 1) to IPv4Address(LOOPBACK, FIRST_PORT + unnamed.getAndIncrement() % PORTS)

    /**
     * Adds the keys of TLS connections, as lines in the format of NSS key logs (`SSLKEYLOGFILE`). Wireshark then shows what those carry.
     * Connections whose packets stand behind them only.
     */
    public fun addTlsSecrets(keyLog: String): Unit = file.write(PcapBlocks.tlsSecrets(keyLog))

    /** Writes what waits, and closes the file. Connections that live on are recorded no more. Blocks until that is done. */
    override fun close(): Unit = file.close()

    private inner class Recording(private val output: TcpFlow, private val input: TcpFlow) : ConnectionListener {
        private var isOver = false

        override fun received(data: ByteBuffer) = record(input, output, data)

        override fun sent(data: ByteBuffer) = record(output, input, data)

        private fun record(from: TcpFlow, to: TcpFlow, data: ByteBuffer) {
            while (data.hasRemaining()) {
                val piece = data.slice().limit(minOf(data.remaining(), TcpFlow.MOST))
                data.position(data.position() + piece.remaining())
                file.write(PcapBlocks.packet(from.packet(piece, to.sequence, TcpFlow.ACK or TcpFlow.PSH)))
            }
        }

        override fun inputEnded() = end(input, output, TcpFlow.FIN)

        override fun outputEnded() = end(output, input, TcpFlow.FIN)

        override fun closed(reason: CloseReason) {
            if (!isOver && reason is ConnectionAborted) end(output, input, TcpFlow.RST)
        }

        private fun end(from: TcpFlow, to: TcpFlow, flag: Int) {
            isOver = flag == TcpFlow.RST
            file.write(PcapBlocks.packet(from.packet(EMPTY, to.sequence, TcpFlow.ACK or flag)))
        }
    }

    public companion object {
        private const val LOOPBACK = "127.0.0.1"
        private const val FIRST_PORT = 1024
        private const val PORTS = 64_000
        private const val DEFAULT_LIMIT = 1024L * 1024 * 1024
        private val EMPTY = ByteBuffer.allocate(0)

        /**
         * A recorder into a new file at [path].
         *
         * @param limit how long the file may become, in bytes; 1 GiB
         * @throws java.io.IOException when it cannot be made, or is there already
         */
        @JvmStatic
        @JvmOverloads
        public fun open(path: Path, limit: Long = DEFAULT_LIMIT): PcapRecorder = PcapRecorder(PcapFile(path, limit))
    }
}

/** Makes the packets of one direction of a connection. Thread: its loop's. */
internal class TcpFlow(private val from: InternetAddress, private val to: InternetAddress) {
    /** The number of the next byte. */
    var sequence = 1
        private set

    /** A packet of IP with [data], which acknowledges all before [acknowledged]. */
    fun packet(data: ByteBuffer, acknowledged: Int, flags: Int): ByteBuffer {
        val size = data.remaining()
        val packet = ByteBuffer.allocate(IPV6_HEAD + TCP_HEAD + size)
        if (from is IPv6Address) putIPv6(packet, TCP_HEAD + size) else putIPv4(packet, TCP_HEAD + size)
        packet.putShort(from.port.toShort()).putShort(to.port.toShort())
        packet.putInt(sequence).putInt(acknowledged)
        packet.put((TCP_HEAD / 4 shl 4).toByte()).put(flags.toByte()).putShort(WINDOW)
        packet.putInt(0) // neither a checksum nor an urgent pointer
        packet.put(data)
        sequence += size + if (flags and FIN != 0) 1 else 0
        return packet.flip()
    }

    private fun putIPv4(packet: ByteBuffer, size: Int) {
        packet.put(0x45).put(0).putShort((IPV4_HEAD + size).toShort()).putInt(0)
        packet.put(HOPS).put(TCP).putShort(0)
        packet.put(bytes(from)).put(bytes(to))
        var sum = 0
        for (at in 0 until IPV4_HEAD step 2) sum += packet.getShort(at).toInt() and 0xffff
        while (sum > 0xffff) sum = (sum and 0xffff) + (sum ushr 16)
        packet.putShort(IPV4_CHECKSUM, sum.inv().toShort())
    }

    private fun putIPv6(packet: ByteBuffer, size: Int) {
        packet.putInt(0x60000000).putShort(size.toShort()).put(TCP).put(HOPS)
        packet.put(bytes(from)).put(bytes(to))
    }

    // The text is numeric, so nothing is looked up. The scope behind a % belongs to this machine only.
    private fun bytes(address: InternetAddress): ByteArray {
        val bytes = InetAddress.getByName(address.host.substringBefore('%')).address
        return if (address is IPv6Address && bytes.size == 4) MAPPED + bytes else bytes
    }

    companion object {
        const val FIN = 1
        const val RST = 4
        const val PSH = 8
        const val ACK = 16

        /** The most bytes of a packet. */
        const val MOST = 32 * 1024
        private const val IPV4_HEAD = 20
        private const val IPV4_CHECKSUM = 10
        private const val IPV6_HEAD = 40
        private const val TCP_HEAD = 20
        private const val TCP: Byte = 6
        private const val HOPS: Byte = 64
        private const val WINDOW: Short = -1
        private val MAPPED = ByteArray(12).also {
            it[10] = -1
            it[11] = -1
        }
    }
}
