// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.util.concurrent.Semaphore

/**
 * Reads a stream that blocks, on a thread of its own, for a loop. It reads one piece at a time, and the next one when that was taken. So what
 * nobody reads stays with the operating system, and slows the writer down.
 *
 * The thread is a daemon. Nothing can end a read of a pipe or of a terminal that has begun; a thread that is in one when this is [closed][close]
 * ends with it, and what it has read then is dropped.
 *
 * Thread: the loop's, except for [run].
 */
internal class PipeInput(private val loop: StreamLoop, private val name: String, private val threads: PipeThreads = PipeThreads.DAEMONS) :
    PipeSource {
    private val buffer = ByteArray(PIECE)
    private val credit = Semaphore(0) // to read a piece
    private lateinit var reader: PipeSource.Reader
    private var arrived: ByteBuffer? = null // of the piece that was not handed out
    private var isStarted = false
    private var isReading = true
    private var isEnded = false // nothing more will come
    private var isOver = false // the end was told, or nobody wants to hear it
    private var cause: IOException? = null
    private var isHandingOut = false

    @Volatile
    private var source: InputStream? = null

    @Volatile
    private var isClosed = false

    @Volatile
    private var isInRead = false

    override fun start(reader: PipeSource.Reader) {
        this.reader = reader
        isStarted = true
        credit.release()
    }

    /** The stream is there: a thread of its own reads it from [start] on. When there is no thread, [from] stays the caller's. */
    fun open(from: InputStream) {
        source = from // one that is closed before the thread runs is closed all the same
        threads.start(name) { run(from) }
    }

    /** Reads [from] to its end, or until this is closed; the work of the thread. */
    fun run(from: InputStream) {
        source = from
        try {
            while (true) {
                credit.acquire()
                isInRead = true // before looking: close() says it first, and looks then
                if (isClosed) break
                val count = from.read(buffer)
                isInRead = false
                if (isClosed || !loop.runSoon { arrived(count) } || count < 0) break
            }
        } catch (e: IOException) {
            loop.runSoon { ended(e) }
        } catch (_: InterruptedException) {
            // The thread's owner wants it to end.
        } catch (e: Throwable) { // a stream may be anybody's code
            loop.runSoon { ended(IOException("reading $name failed", e)) }
        } finally {
            isInRead = false
            if (isClosed) closeQuietly(from)
        }
    }

    private fun arrived(count: Int) {
        if (count < 0) return ended(null)
        if (isOver) return
        arrived = ByteBuffer.wrap(buffer, 0, count).asReadOnlyBuffer()
        handOut()
    }

    private fun ended(error: IOException?) {
        isEnded = true
        cause = error
        if (isOver) source?.let(::closeQuietly) else handOut()
    }

    /** Hands out what has come, as far as it is wanted. */
    private fun handOut() {
        if (isHandingOut) return // in a callback, which goes on behind it
        isHandingOut = true
        try {
            while (isReading && !isOver) {
                val piece = arrived ?: break
                val most = reader.receiveLimit()
                if (most <= 0 || !isReading || isOver) return
                val view = piece.slice(piece.position(), minOf(most, piece.remaining()))
                piece.position(piece.position() + view.remaining())
                if (!piece.hasRemaining()) arrived = null
                reader.received(view)
                if (arrived == null && !isOver) credit.release()
            }
            if (isReading && !isOver && arrived == null && isEnded) {
                isOver = true
                source?.let(::closeQuietly)
                reader.ended(cause)
            }
        } finally {
            isHandingOut = false
        }
    }

    /** Whether to hand out what comes; the thread has one piece at most meanwhile. */
    override fun reading(on: Boolean) {
        if (isReading == on) return
        isReading = on
        if (on && isStarted && (arrived != null || isEnded)) loop.runSoon(::handOut)
    }

    override fun close() {
        if (isOver && isClosed) return
        isOver = true
        isClosed = true
        arrived = null
        credit.release()
        val open = source ?: return
        // The next connection may ask for standard input as soon as this one is told of its end.
        if (isEnded || open is SharedInput.Stream) return closeQuietly(open)
        // To close may wait for the read that is under way.
        if (!isInRead) return
        try {
            threads.start("$name-close") { closeQuietly(open) }
        } catch (_: OutOfMemoryError) {
            // The thread that reads closes it, when its read ends.
        }
    }

    private fun closeQuietly(stream: InputStream) {
        try {
            stream.close()
        } catch (_: IOException) {
            // It is of no use any more.
        }
    }

    companion object {
        /** In bytes. */
        const val PIECE = 32 * 1024
    }
}
