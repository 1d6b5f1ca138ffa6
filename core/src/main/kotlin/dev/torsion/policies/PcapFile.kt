// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.policies

import dev.torsion.log.Logger
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption
import java.nio.file.attribute.FileAttribute
import java.nio.file.attribute.PosixFilePermissions
import java.time.Instant
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/** The blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian. */
internal object PcapBlocks {
    private const val SECTION = 0x0A0D0D0A
    private const val INTERFACE = 1
    private const val STATISTICS = 5
    private const val PACKET = 6
    private const val SECRETS = 10
    private const val TLS_KEY_LOG = 0x544c534b
    private const val RAW_IP: Short = 101
    private const val BYTE_ORDER = 0x1A2B3C4D
    private const val RESOLUTION: Short = 9 // an option of an interface, and its value: 10^-9 s
    private const val DROPPED: Short = 5
    private const val FRAME = 12 // the type, and the length at both ends

    /** The header of a file. */
    fun head(): ByteBuffer {
        val section = block(SECTION, 16) { it.putInt(BYTE_ORDER).putShort(1).putShort(0).putLong(-1) }
        val source =
            block(INTERFACE, 20) {
                it.putShort(RAW_IP).putShort(0).putInt(0)
                it.putShort(RESOLUTION).putShort(1).putInt(RESOLUTION.toInt()).putInt(0)
            }
        return ByteBuffer.allocate(section.remaining() + source.remaining()).put(section).put(source).flip()
    }

    /** [data], a packet of IP, now. */
    fun packet(data: ByteBuffer): ByteBuffer {
        val size = data.remaining()
        return block(PACKET, 20 + padded(size)) {
            it.putInt(0).putTime().putInt(size).putInt(size).put(data)
        }
    }

    fun tlsSecrets(keyLog: String): ByteBuffer {
        val bytes = keyLog.toByteArray(Charsets.US_ASCII)
        return block(SECRETS, 8 + padded(bytes.size)) { it.putInt(TLS_KEY_LOG).putInt(bytes.size).put(bytes) }
    }

    /** How many packets the recording has not. */
    fun dropped(count: Long): ByteBuffer = block(STATISTICS, 28) {
        it.putInt(0).putTime()
        it.putShort(DROPPED).putShort(8).putLong(count).putInt(0)
    }

    private fun ByteBuffer.putTime(): ByteBuffer {
        val now = Instant.now()
        val nanos = now.epochSecond * 1_000_000_000 + now.nano
        return putInt((nanos ushr 32).toInt()).putInt(nanos.toInt())
    }

    private fun padded(size: Int) = (size + 3) / 4 * 4

    /** A block of [type] with [size] bytes, a multiple of four, that [fill] writes. */
    private inline fun block(type: Int, size: Int, fill: (ByteBuffer) -> Unit): ByteBuffer {
        val block = ByteBuffer.allocate(FRAME + size).order(ByteOrder.LITTLE_ENDIAN)
        block.putInt(type).putInt(FRAME + size)
        fill(block)
        block.putInt(8 + size, FRAME + size)
        return block.rewind().limit(FRAME + size)
    }
}

/** Writes blocks to a new file, on a thread of its own. Thread: any. */
internal class PcapFile(path: Path, private val limit: Long) : AutoCloseable {
    init {
        require(limit >= LEAST) { "a recording needs $LEAST bytes at least, but may have $limit" } // before there is a file
    }

    private val lock = ReentrantLock()
    private val changed = lock.newCondition()
    private val waiting = ArrayDeque<ByteBuffer>()
    private var waitingBytes = 0L
    private var fileBytes = 0L
    private var isClosed = false

    private val channel = create(path)
    private val writer = Thread(::writeAll, "torsion-pcap")

    @Volatile
    var dropped = 0L
        private set

    init {
        write(PcapBlocks.head())
        writer.isDaemon = true
        writer.start()
    }

    /** Takes [block], unless there is no room. */
    fun write(block: ByteBuffer): Unit = lock.withLock {
        val size = block.remaining()
        if (isClosed || waitingBytes + size > MOST_WAITING || fileBytes + size > limit) {
            dropped++
            return
        }
        waiting.addLast(block)
        waitingBytes += size
        fileBytes += size
        changed.signal()
    }

    private fun writeAll() {
        try {
            channel.use {
                while (true) {
                    val block = next() ?: break
                    while (block.hasRemaining()) it.write(block)
                }
                if (dropped > 0) it.write(PcapBlocks.dropped(dropped))
            }
        } catch (e: IOException) {
            log.failure("a recording of connections ends here", e)
        } finally {
            lock.withLock {
                isClosed = true
                waiting.clear()
            }
        }
    }

    /** Waits for the next block; null when there will be none. */
    private fun next(): ByteBuffer? = lock.withLock {
        while (waiting.isEmpty()) {
            if (isClosed) return null
            changed.await()
        }
        waiting.removeFirst().also { waitingBytes -= it.remaining() }
    }

    override fun close() {
        lock.withLock {
            isClosed = true
            changed.signal()
        }
        writer.join()
    }

    private companion object {
        const val LEAST = 1024L
        const val MOST_WAITING = 16L * 1024 * 1024
        val log = Logger(PcapRecorder::class.java)

        fun create(path: Path): FileChannel {
            val isPosix = "posix" in path.fileSystem.supportedFileAttributeViews()
            val forOwner = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            val attributes = if (isPosix) arrayOf<FileAttribute<*>>(forOwner) else emptyArray()
            Files.createFile(path, *attributes)
            return FileChannel.open(path, StandardOpenOption.WRITE)
        }
    }
}
