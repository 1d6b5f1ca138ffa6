// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.process.PipeSink
import dev.torsion.process.PipeSource
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.nio.ByteBuffer
import java.util.function.Consumer
import java.util.function.IntUnaryOperator

/** The capacity of a pipe, as on Linux. In bytes. */
private const val WINDOW = 64 * 1024

/** Bytes in their order. */
private class Bytes {
    private var bytes = ByteArray(0)

    val size get() = bytes.size

    fun add(data: ByteArray) {
        bytes += data
    }

    fun take(count: Int): ByteArray = bytes.copyOf(count).also { bytes = bytes.copyOfRange(count, bytes.size) }
}

/** Output of a process in memory: a piece in each turn, of a size that [chunks] says. [moved] hears that there is more room. */
@OptIn(TorsionSpi::class)
internal class MemoryPipeSource(private val loop: StreamLoop, private val chunks: IntUnaryOperator, private val moved: Runnable) :
    PipeSource {
    private val waiting = Bytes()
    private var reader: PipeSource.Reader? = null
    private var isReading = true
    private var isHeld = false // the reader wants nothing until reading is switched on again
    private var isEnding = false
    private var isOver = false
    private var isToHandOut = false

    /** Whether a process has to wait in its write. */
    val isFull: Boolean get() = waiting.size > WINDOW

    /** The process writes; false when nobody reads the pipe any more. */
    fun write(data: ByteArray): Boolean {
        if (isEnding) return true
        if (isOver) return false
        waiting.add(data)
        handOutSoon()
        return true
    }

    /** The process closes its end. */
    fun end() {
        isEnding = true
        handOutSoon()
    }

    /** The process is killed in a write: what did not fit will not come. */
    fun cut() {
        val inPipe = waiting.take(minOf(waiting.size, WINDOW))
        waiting.take(waiting.size)
        waiting.add(inPipe)
        end()
    }

    override fun start(reader: PipeSource.Reader) {
        this.reader = reader
        handOutSoon()
    }

    override fun reading(on: Boolean) {
        isReading = on
        isHeld = false
        if (on) handOutSoon()
    }

    private val hasSomething get() = isReading && !isHeld && !isOver && reader != null && (waiting.size > 0 || isEnding)

    private fun handOutSoon() {
        if (isToHandOut || !hasSomething) return
        isToHandOut = loop.runSoon {
            isToHandOut = false
            if (hasSomething) handOut(reader!!)
            handOutSoon()
        }
    }

    private fun handOut(reader: PipeSource.Reader) {
        if (waiting.size == 0) {
            isOver = true
            return reader.ended(null)
        }
        val most = minOf(reader.receiveLimit(), waiting.size, WINDOW)
        if (most <= 0) isHeld = true
        if (!hasSomething) return
        val data = waiting.take(chunks.applyAsInt(most).coerceIn(1, most))
        reader.received(ByteBuffer.wrap(data).asReadOnlyBuffer())
        moved.run()
    }

    override fun close() {
        isOver = true
        waiting.take(waiting.size)
        moved.run()
    }
}

/** Input of a process in memory. Bytes in the pipe are written, whether the process reads them or not. */
@OptIn(TorsionSpi::class)
internal class MemoryPipeSink(private val loop: StreamLoop) : PipeSink {
    private val waiting = Bytes()
    private var writer: PipeSink.Writer? = null
    private var handler: Consumer<ByteArray>? = null // of the process, once it reads
    private var atEnd: Runnable? = null
    private var isOwed = true // what is written now
    private var isEnding = false // by us
    private var isClosed = false // by the process, or there is none
    private var isOver = false // the writer hears nothing more
    private var isToHandOut = false
    private var isEndRead = false

    override fun start(writer: PipeSink.Writer) {
        this.writer = writer
    }

    /** The process reads from now on, or no more. */
    fun reads(handler: Consumer<ByteArray>?) {
        this.handler = handler
        handOutSoon()
    }

    fun atEnd(call: Runnable) {
        atEnd = call
        handOutSoon()
    }

    /** The process closes its end, or has none any more. The writer notices when it writes. */
    fun closeReader() {
        isClosed = true
        waiting.take(waiting.size)
    }

    override val hasRoom: Boolean get() = !isOver && !isEnding && (isClosed || waiting.size < WINDOW)

    override fun send(data: ByteBuffer): Int {
        if (isOver || isEnding) return 0
        val count = if (isClosed) data.remaining() else minOf(data.remaining(), WINDOW - waiting.size)
        val taken = ByteArray(count).also(data::get)
        if (isClosed) {
            if (isOwed) loop.runSoon { tellEnd(IOException("Broken pipe")) }
        } else {
            waiting.add(taken)
            handOutSoon()
        }
        return count
    }

    override fun owed(isOwed: Boolean) {
        this.isOwed = isOwed
    }

    override fun finish() {
        if (isEnding || isOver) return
        isEnding = true
        loop.runSoon { tellEnd(null) }
        handOutSoon()
    }

    override fun close() {
        isOver = true
        isEnding = true
        handOutSoon()
    }

    override fun broken(cause: IOException): Unit = tellEnd(cause)

    override fun readerGone(cause: IOException): Unit = tellEnd(null)

    private fun tellEnd(cause: IOException?) {
        if (isOver) return
        close()
        writer?.ended(cause)
    }

    private val hasSomething: Boolean
        get() = !isClosed && ((waiting.size > 0 && handler != null) || (waiting.size == 0 && isEnding && !isEndRead && atEnd != null))

    private fun handOutSoon() {
        if (isToHandOut || !hasSomething) return
        isToHandOut = loop.runSoon {
            isToHandOut = false
            if (hasSomething) handOut()
            handOutSoon()
        }
    }

    private fun handOut() {
        if (waiting.size == 0) {
            isEndRead = true
            atEnd?.run()
            return
        }
        val data = waiting.take(waiting.size)
        handler?.accept(data)
        if (!isOver) writer?.hasRoom()
    }
}
