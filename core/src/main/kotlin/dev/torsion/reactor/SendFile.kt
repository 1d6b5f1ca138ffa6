// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.log.Logger
import dev.torsion.net.Producer
import dev.torsion.net.Transport
import dev.torsion.stream.connection
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Path
import java.nio.file.StandardOpenOption

/**
 * Sends the file at [path], or a range of it, through [transport], which may be of any kind; Twisted's `FileSender`.
 *
 * ```kotlin
 * val sent = reactor.sendFile(Path.of("report.pdf"), transport).await()
 * ```
 *
 * The file is opened and read on the [threadPool][ReactorThreads.threadPool], a piece of [FILE_PIECE] bytes at a time. The next one is read when
 * the transport takes more, as from a producer, which this is until the end. The file is closed in every case, once. A socket is given a
 * piece as it was read, without another copy. The operating system's `sendfile` is not used: it would wait for the disk on the loop.
 *
 * The Deferred gives the number of bytes that were written to the transport; the last of them may still wait there. Bytes that are appended
 * to the file meanwhile are not sent. A file that has become shorter gives a smaller number. It fails with an [IOException] when the file
 * cannot be opened or read, or when the transport's output has ended, and with the [CloseReason][dev.torsion.net.CloseReason] when the
 * connection ends first. The connection lives on after an error, and after a cancellation of the Deferred. Bytes that were written by then
 * are sent.
 *
 * Thread: the reactor's.
 *
 * @param offset the first byte; at the end of the file or behind it, nothing is sent
 * @param count how many bytes at most; all that there are unless given
 * @throws IllegalArgumentException when [offset] or [count] is negative
 * @throws IllegalStateException when another producer is registered
 */
@JvmOverloads
public fun Reactor.sendFile(path: Path, transport: Transport, offset: Long = 0, count: Long = Long.MAX_VALUE): Deferred<Long> {
    require(offset >= 0) { "offset must not be negative, but is $offset" }
    require(count >= 0) { "count must not be negative, but is $count" }
    return FileSender(this, transport, SentFile(path, offset, count)).begin()
}

/** How many bytes of a file are read at a time. */
public const val FILE_PIECE: Int = 64 * 1024

/** Reads while the transport takes what was read. Thread: the reactor's. */
private class FileSender(private val reactor: Reactor, private val transport: Transport, private val file: SentFile) : Producer {
    private val result = Deferred<Long> { end() }
    private val connection = transport.connection
    private var sent = 0L
    private var isPaused = false
    private var isReading = false
    private var isOver = false

    fun begin(): Deferred<Long> {
        transport.registerProducer(this, true)
        goOn()
        return result
    }

    private fun goOn() {
        if (isPaused || isReading || isOver) return
        isReading = true
        val reading =
            try {
                reactor.deferToThread { file.read() }
            } catch (e: Throwable) { // the pool takes nothing more
                isReading = false
                return fail(e)
            }
        reading.addCallbacks({ wasRead(it) }, { fail(it.value) })
    }

    private fun wasRead(piece: ByteBuffer?) {
        if (isOver) return file.giveBack()
        if (piece == null) {
            isReading = false
            end()
            return result.callback(sent)
        }
        if (!isTaken()) return file.giveBack() // and no more is read
        sent += piece.remaining()
        transport.write(piece)
        isReading = false
        if (isOver) file.giveBack() else goOn()
    }

    /** Whether the transport sends what is written. One that is ending says why at its end, which is soon. */
    private fun isTaken(): Boolean {
        if (connection?.takesWrites != false) return true
        closeFile()
        if (!transport.isDisconnecting) fail(IOException("The output of the connection to ${transport.peer()} has ended."))
        return false
    }

    private fun fail(error: Throwable) {
        if (isOver) return
        end()
        result.errback(error)
    }

    private fun end() {
        if (isOver) return
        isOver = true
        transport.unregisterProducer()
        closeFile()
    }

    private fun closeFile() {
        try {
            file.close()
        } catch (e: IOException) { // it was only read
            log.debug("A file that was sent cannot be closed", e)
        }
        if (!isReading) file.giveBack() // otherwise a thread or the transport has the piece
    }

    override fun pauseProducing() {
        isPaused = true
    }

    override fun resumeProducing() {
        isPaused = false
        goOn()
    }

    override fun stopProducing() {
        if (isOver) return
        isOver = true
        closeFile()
        // It says why the connection is gone.
        transport.whenWritable().addCallbacks(
            { result.errback(IOException("The connection to ${transport.peer()} is ending.")) },
            { gone -> result.errback(gone.value) },
        )
    }

    private companion object {
        val log = Logger(FileSender::class.java)
    }
}

/** One reader at a time, on threads of the pool; [close] on any thread, which a reader that is at work does at its end. */
private class SentFile(private val path: Path, private var position: Long, private val count: Long) {
    private var buffer: ByteBuffer? = null
    private var channel: FileChannel? = null
    private var end = 0L
    private var isBusy = false
    private var isClosed = false

    /** The next bytes; null at the end. They are good until the next call. */
    fun read(): ByteBuffer? {
        synchronized(this) {
            if (isClosed) return null
            isBusy = true
        }
        try {
            val open = channel ?: open().also { channel = it }
            val size = minOf(FILE_PIECE.toLong(), end - position).toInt()
            if (size <= 0) return null
            val piece = (buffer ?: FilePieces.take(size).also { buffer = it }).clear().limit(size)
            val read = open.read(piece, position)
            if (read <= 0) return null
            position += read
            return piece.flip()
        } catch (e: Throwable) {
            giveBack()
            throw e
        } finally {
            val isOurs = synchronized(this) {
                isBusy = false
                isClosed
            }
            if (isOurs) {
                giveBack()
                channel?.close()
            }
        }
    }

    /** Nobody uses the last piece any more. On any thread. */
    @Synchronized
    fun giveBack() {
        buffer?.let(FilePieces::give)
        buffer = null
    }

    private fun open() = FileChannel.open(path, StandardOpenOption.READ).also { opened ->
        channel = opened
        val size = opened.size()
        end = if (count < size - position) position + count else size
    }

    fun close() {
        synchronized(this) {
            if (isClosed) return
            isClosed = true
            if (isBusy) return
        }
        channel?.close()
    }
}
