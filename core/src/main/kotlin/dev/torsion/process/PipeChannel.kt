// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.net.Address
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import dev.torsion.stream.EndsWithLoop
import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.nio.ByteBuffer

/**
 * A [StreamChannel] of two pipes that block: one to read, which may be missing, and one to write.
 *
 * Thread: the loop's.
 */
internal open class PipeChannel(
    private val loop: StreamLoop,
    private val input: PipeSource?,
    private val output: PipeSink,
    override val localAddress: Address,
    override val remoteAddress: Address,
) : StreamChannel,
    EndsWithLoop {
    private lateinit var handler: StreamHandler
    private var isAskedForRoom = false
    private var isToAsk = false
    private var isOutputEnding = false
    private var isOutputEnded = false
    private var isFinishing = false

    /** Ended: the handler hears nothing more. */
    protected var isOver: Boolean = false
        private set

    /** Begins to read; called once. */
    protected open fun startInput(pipe: PipeSource, reader: PipeSource.Reader): Unit = pipe.start(reader)

    final override fun handOver(handler: StreamHandler) {
        this.handler = handler
    }

    final override fun start(handler: StreamHandler) {
        this.handler = handler
        loop.streams.add(this)
        output.start(Writing())
        input?.let { startInput(it, Reading()) }
    }

    private inner class Reading : PipeSource.Reader {
        override fun receiveLimit() = handler.receiveLimit()

        override fun received(view: ByteBuffer) = handler.received(view)

        override fun ended(cause: IOException?) {
            when {
                isOver || isFinishing -> Unit
                cause == null -> handler.inputEnded()
                else -> handler.broken(cause)
            }
        }
    }

    private inner class Writing : PipeSink.Writer {
        override fun hasRoom() = if (isFinishing && !isOver) handler.outputMoved() else askIfRoom()

        override fun ended(cause: IOException?) {
            isOutputEnded = true
            when {
                isOver -> Unit
                isFinishing -> outputFinished(cause)
                cause != null -> outputFailed(cause)
                else -> askIfRoom() // for more that nobody will hear
            }
        }
    }

    /** The pipe to write to broke with [cause]. */
    protected open fun outputFailed(cause: IOException): Unit = handler.broken(cause)

    final override fun reading(on: Boolean) {
        if (!isOver && !isFinishing) input?.reading(on)
    }

    override fun send(data: ByteBuffer): Int = if (isOver) 0 else output.send(data)

    /** Whether [send] would take something. */
    protected open val hasRoom: Boolean get() = output.hasRoom

    final override fun notifyWhenWritable(on: Boolean) {
        isAskedForRoom = on
        askIfRoom()
    }

    protected fun askIfRoom() {
        if (isToAsk || !isAskedForRoom || isOver || !hasRoom) return
        isToAsk = true
        loop.runSoon {
            isToAsk = false
            if (isAskedForRoom && !isOver) handler.outputReady()
            askIfRoom() // in the next turn
        }
    }

    override fun owed(isOwed: Boolean): Unit = output.owed(isOwed)

    final override fun endOutput() {
        isOutputEnding = true
        output.finish()
    }

    /** There is nobody at the other end of the pipe any more. */
    fun outputBroken(cause: IOException): Unit = output.broken(cause)

    override fun finish(): Boolean {
        isFinishing = true
        input?.close()
        if (isOutputEnded) return finishedAtOnce()
        if (!isOutputEnding) output.finish()
        return false
    }

    /** [finish] with nothing left to write: whether that is all. */
    protected open fun finishedAtOnce(): Boolean {
        over()
        return true
    }

    /** All is written and the pipe is closed; or that has failed with [cause]. */
    protected open fun outputFinished(cause: IOException?): Unit = tellFinished(cause)

    protected fun tellFinished(cause: IOException?) {
        if (isOver) return
        over()
        handler.finished(cause)
    }

    override fun close() {
        over()
        input?.close()
        output.close()
    }

    override fun abort(): Unit = close()

    private fun over() {
        isOver = true
        loop.streams.remove(this)
    }

    override fun loopEnding(): Unit = handler.loopEnding()

    override fun loopEnded(): Unit = handler.loopEnded()

    override fun toString() = "PipeChannel($localAddress <-> $remoteAddress)"
}
