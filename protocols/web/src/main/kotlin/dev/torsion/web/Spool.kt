// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.Logger
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption.DELETE_ON_CLOSE
import java.nio.file.StandardOpenOption.READ
import java.nio.file.StandardOpenOption.WRITE

/**
 * The bytes of the files of one request: in memory at first, and in one file on disk when there are many. That file is its owner's alone,
 * and on systems of UNIX it has no name from its first byte on: so nothing of it is left, even if the process is killed. It is closed
 * when the request is over, at whatever moment that is.
 */
internal class Spool(private val life: RequestLife, private val options: FormOptions) {
    private val memory = Memory() // what is not on disk
    private val lock = Any()
    private var file: FileChannel? = null // guarded by the lock, as is what follows
    private var isClosed = false
    private var isOnDisk = false
    private var onDisk = 0L

    /** How many bytes there are. */
    var size = 0L
        private set

    init {
        life.onEnd(::close)
    }

    /** Adds bytes, which wait in memory for [flush]. */
    fun add(bytes: ByteArray, from: Int, count: Int) {
        memory.write(bytes, from, count)
        size += count
    }

    /** Writes to the disk, when there is too much for memory. */
    suspend fun flush() {
        val isLittle = !isOnDisk && memory.size() <= options.memoryBytes
        if (isLittle || memory.size() == 0) return
        isOnDisk = true
        val bytes = memory.toByteArray()
        memory.reset()
        life.reactor.inPool { append(bytes) }
    }

    /** A part of the bytes, which are all here by the time that it is read. */
    fun range(from: Long, count: Long) = Range(from, count)

    /** Some of the bytes; see [read]. */
    inner class Range(private val from: Long, val size: Long) {
        /** Reads some bytes from [at] on, and gives their number; -1 at the end. It may block. */
        fun read(at: Long, to: ByteBuffer): Int {
            val left = size - at
            if (left <= 0) return -1
            if (to.remaining() > left) to.limit(to.position() + left.toInt())
            return this@Spool.read(from + at, to)
        }

        suspend fun <T> inPool(call: () -> T): T = life.reactor.inPool(call)

        val life: RequestLife get() = this@Spool.life
    }

    private fun read(at: Long, to: ByteBuffer): Int {
        val open = synchronized(lock) {
            if (isClosed) throw gone()
            file
        }
        if (open != null) return open.read(to, at).also { if (it <= 0) throw IOException("The file of a form has become shorter.") }
        val count = to.remaining()
        memory.copy(at.toInt(), to)
        return count
    }

    private fun append(bytes: ByteArray) {
        val from = ByteBuffer.wrap(bytes)
        val open = synchronized(lock) {
            if (isClosed) throw gone()
            file ?: open().also { file = it }
        }
        while (from.hasRemaining()) onDisk += open.write(from, onDisk)
    }

    private fun open(): FileChannel {
        val path: Path = options.folder?.let { Files.createTempFile(it, NAME, null) } ?: Files.createTempFile(NAME, null)
        try {
            return FileChannel.open(path, READ, WRITE, DELETE_ON_CLOSE)
        } catch (e: Throwable) { // nobody else knows of it
            Files.deleteIfExists(path)
            throw e
        }
    }

    /** On the loop. Closing deletes, which may take its time: so it is done elsewhere, unless nobody else does it any more. */
    private fun close() {
        if (!isOnDisk) return synchronized(lock) { isClosed = true }
        try {
            life.reactor.callInThread(::closeNow)
        } catch (e: Throwable) { // the pool has ended, or has no thread
            closeNow()
            log.debug("The file of a form was closed on the loop", e)
        }
    }

    private fun closeNow() {
        val open = synchronized(lock) {
            isClosed = true
            file.also { file = null }
        }
        try {
            open?.close()
        } catch (e: IOException) {
            log.failure("The file of a form could not be closed", e)
        }
    }

    private fun gone() = IllegalStateException("The request is over, and the files of its form with it. Save those that are to stay.")

    private class Memory : ByteArrayOutputStream() {
        fun copy(at: Int, to: ByteBuffer) = synchronized(this) { to.put(buf, at, to.remaining()) }
    }

    private companion object {
        val log = Logger(Site::class.java)
        const val NAME = "torsion-form-"
    }
}
