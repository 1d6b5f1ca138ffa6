// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.io.OutputStream
import java.nio.ByteBuffer
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.thread
import kotlin.concurrent.withLock

/**
 * Writes to a stream that blocks, on a thread of its own, for a loop. It takes at most [ROOM] bytes that are not written yet, and as many again
 * are being written. The thread is a daemon, and begins with the first byte or the end.
 *
 * Thread: the loop's.
 */
internal class PipeOutput(private val loop: StreamLoop, private val name: String) {
    /** Hears of the writing. Thread: the loop's. */
    interface Writer {
        /** There is room, where there was none. */
        fun hasRoom()

        /** All is written, and the stream is closed, with [cause] when that failed. Or it broke, also before anybody wanted its end. */
        fun ended(cause: IOException?)
    }

    private lateinit var writer: Writer
    private val lock = ReentrantLock()
    private val work = lock.newCondition()
    private var waiting = ByteArray(ROOM)
    private var count = 0
    private var writing = ByteArray(ROOM)
    private var isEnding = false
    private var isClosed = false
    private var sink: OutputStream? = null
    private var hasThread = false
    private var isOver = false // the loop's own: the end was told, or nobody wants to hear it

    fun start(writer: Writer) {
        this.writer = writer
    }

    /** The stream is there. */
    fun open(stream: OutputStream): Unit = lock.withLock {
        sink = stream
        needThread()
    }

    /** Whether [send] would take something. */
    val hasRoom: Boolean get() = lock.withLock { count < ROOM && !isEnding && !isClosed }

    /** Whether something was taken that is not written yet. */
    val hasWaiting: Boolean get() = lock.withLock { count > 0 }

    /** Takes as much of [data] as there is room for. */
    fun send(data: ByteBuffer): Int = lock.withLock {
        if (isEnding || isClosed) return 0
        val taken = minOf(data.remaining(), ROOM - count)
        data.get(waiting, count, taken)
        count += taken
        if (taken > 0) needThread()
        taken
    }

    /** Closes the stream behind all that was taken; [Writer.ended] follows. */
    fun finish(): Unit = lock.withLock {
        isEnding = true
        needThread()
    }

    /** Ends it now: what was taken is dropped, but for what is being written. Nothing more is told. */
    fun close() {
        isOver = true
        lock.withLock {
            isClosed = true
            count = 0
            needThread() // to close may wait for a write that is under way
        }
    }

    /** There is nobody who reads any more. */
    fun broken(cause: IOException) {
        if (isOver) return
        close()
        writer.ended(cause)
    }

    private fun needThread() {
        if (sink == null) return
        if (hasThread) return work.signal()
        if (count == 0 && !isEnding && !isClosed) return
        hasThread = true
        thread(isDaemon = true, name = name, block = ::run)
    }

    private fun run() {
        val stream = sink!!
        try {
            stream.use {
                while (true) {
                    val length = take()
                    if (length < 0) break
                    it.write(writing, 0, length)
                    it.flush()
                    loop.runSoon { if (!isOver) writer.hasRoom() }
                }
            }
            tellEnd(null)
        } catch (e: IOException) {
            tellEnd(e)
        } catch (e: Throwable) { // a stream may be anybody's code
            tellEnd(IOException("writing to $name failed", e))
        }
    }

    /** How many bytes to write next; -1 for no more. */
    private fun take(): Int = lock.withLock {
        while (count == 0 && !isEnding && !isClosed) work.await()
        if (isClosed || count == 0) return -1
        val length = count
        writing = waiting.also { waiting = writing }
        count = 0
        length
    }

    private fun tellEnd(cause: IOException?) {
        lock.withLock { isClosed = true }
        loop.runSoon {
            if (!isOver) {
                isOver = true
                writer.ended(cause)
            }
        }
    }

    companion object {
        /** In bytes. */
        const val ROOM = 32 * 1024
    }
}
