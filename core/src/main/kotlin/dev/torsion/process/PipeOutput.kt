// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.clock.DelayedCall
import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.io.OutputStream
import java.nio.ByteBuffer
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/**
 * Writes to a stream that blocks, on a thread of its own, for a loop. It takes at most [ROOM] bytes that are not written yet, and as many again
 * are being written. The thread is a daemon, and begins with the first byte or the end.
 *
 * Thread: the loop's.
 */
internal class PipeOutput(private val loop: StreamLoop, private val name: String, private val threads: PipeThreads = PipeThreads.DAEMONS) :
    PipeSink {
    private lateinit var writer: PipeSink.Writer
    private val lock = ReentrantLock()
    private val work = lock.newCondition()
    private var waiting = ByteArray(ROOM)
    private var count = 0
    private var owedCount = ALL // of those that wait, from the first on
    private var writing = ByteArray(ROOM)
    private var isWritingOwed = true
    private var unheard: IOException? = null // bytes that were not owed found nobody, and neither will others
    private var isEnding = false
    private var isClosed = false
    private var sink: OutputStream? = null
    private var hasThread = false
    private var isWriting = false // what was taken, and nobody knows whether it goes
    private var failure: IOException? = null // something that was taken is not written
    private var isOver = false // the loop's own: the end was told, or nobody wants to hear it
    private var patience: DelayedCall? = null // the loop's own

    override fun start(writer: PipeSink.Writer) {
        this.writer = writer
    }

    /** The stream is there. */
    fun open(stream: OutputStream): Unit = lock.withLock {
        sink = stream
        needThread()
    }

    override val hasRoom: Boolean get() = lock.withLock { unheard != null || (count < ROOM && !isEnding && !isClosed) }

    override fun send(data: ByteBuffer): Int = lock.withLock {
        unheard?.let { cause ->
            if (owedCount == ALL) throw IOException(cause.message, cause)
            return data.remaining().also { data.position(data.limit()) }
        }
        if (isEnding || isClosed) return 0
        val taken = minOf(data.remaining(), ROOM - count)
        data.get(waiting, count, taken)
        count += taken
        if (taken > 0) needThread()
        taken
    }

    override fun owed(isOwed: Boolean): Unit = lock.withLock { owedCount = if (isOwed) ALL else minOf(owedCount, count) }

    override fun finish(): Unit = lock.withLock {
        isEnding = true
        needThread()
    }

    override fun close() {
        over()
        lock.withLock { drop() }
    }

    private fun drop() {
        isClosed = true
        count = 0
        try {
            needThread() // to close may wait for a write that is under way
        } catch (_: OutOfMemoryError) {
            sink?.let(::closeQuietly) // nothing was ever written to it
        }
    }

    private fun closeQuietly(stream: OutputStream) {
        try {
            stream.close()
        } catch (_: IOException) {
            // It is of no use any more.
        }
    }

    override fun broken(cause: IOException) {
        if (isOver) return
        close()
        writer.ended(cause)
    }

    /**
     * A write that is under way fails then, or has just succeeded: its thread tells. It is not waited for without end, since another
     * process may hold the other end open, and read nothing.
     */
    override fun readerGone(cause: IOException) {
        if (isOver) return
        val isAwaited = lock.withLock {
            if (minOf(count, owedCount) > 0) failure = failure ?: cause
            drop()
            isWriting
        }
        if (isAwaited) {
            patience = loop.callLater(PATIENCE_SECONDS, TimeUnit.SECONDS) { ended(cause) }
        } else {
            ended(failure)
        }
    }

    private fun ended(cause: IOException?) {
        if (isOver) return
        over()
        writer.ended(cause)
    }

    private fun over() {
        isOver = true
        patience?.let { if (it.isActive) it.cancel() }
    }

    private fun needThread() {
        if (sink == null) return
        if (hasThread) return work.signal()
        if (count == 0 && !isEnding && !isClosed) return
        threads.start(name, ::run)
        hasThread = true
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
            val isLost = lock.withLock { isWritingOwed || minOf(count, owedCount) > 0 }
            tellEnd(e.takeIf { isLost }, unheard = e.takeUnless { isLost })
        } catch (e: Throwable) { // a stream may be anybody's code
            tellEnd(IOException("writing to $name failed", e))
        }
    }

    /** How many bytes to write next; -1 for no more. */
    private fun take(): Int = lock.withLock {
        isWriting = false
        while (count == 0 && !isEnding && !isClosed) work.await()
        if (isClosed || count == 0) return -1
        isWritingOwed = owedCount > 0
        val length = if (isWritingOwed) minOf(count, owedCount) else count
        writing = waiting.also { waiting = writing }
        count -= length
        if (count > 0) writing.copyInto(waiting, 0, length, length + count)
        if (owedCount < ALL) owedCount = 0
        isWriting = true
        length
    }

    private fun tellEnd(cause: IOException?, unheard: IOException? = null) {
        val outcome = lock.withLock {
            this.unheard = unheard
            isClosed = true
            isWriting = false
            (failure ?: cause).also { failure = it }
        }
        loop.runSoon { ended(outcome) }
    }

    companion object {
        /** In bytes. */
        const val ROOM = 32 * 1024

        private const val ALL = Int.MAX_VALUE
        private const val PATIENCE_SECONDS = 1L
    }
}
