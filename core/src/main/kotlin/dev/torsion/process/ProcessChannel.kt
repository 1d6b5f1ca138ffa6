// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.escaped
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.PipeAddress
import dev.torsion.spi.ConnectAttempt
import dev.torsion.spi.ConnectHandler
import dev.torsion.spi.ConnectTarget
import dev.torsion.stream.EndsWithLoop
import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.nio.ByteBuffer

/**
 * A process as a stream: our output is its input, and our input is its output. The end of the connection is that of the process. When
 * the connection ends in order, its input is closed and its end is waited for; a process that does not end then is told to, and an abort kills it. One
 * that is to be left is left by a loop that ends.
 *
 * A process that reads no more may still write. So what it does not read is dropped, and the connection goes on to the end of its output. It is
 * lost then, with that as the reason.
 */
internal class ProcessChannel(
    private val loop: StreamLoop,
    private val command: ProcessCommand,
    private val child: ChildProcess,
    address: PipeAddress,
) : PipeChannel(loop, child.stdout, child.stdin, PipeAddress("reactor"), address) {
    private var hasWritten = false
    private var readsNoMore: IOException? = null
    private var failure: IOException? = null
    private var isOwed = true // what is written now

    fun exited() {
        if (hasWritten) return tellEnd()
        val gone = IOException("The process has ended, and has not read its input to the end.")
        if (readsNoMore == null) readsNoMore = gone
        askIfRoom()
        child.stdin.readerGone(gone)
    }

    override fun outputFailed(cause: IOException) {
        if (readsNoMore == null) readsNoMore = cause
        failure = cause
        askIfRoom()
    }

    override fun send(data: ByteBuffer): Int {
        val cause = readsNoMore ?: return super.send(data)
        val count = data.remaining()
        if (count > 0 && isOwed) failure = cause
        data.position(data.limit())
        return count
    }

    override fun owed(isOwed: Boolean) {
        this.isOwed = isOwed
        super.owed(isOwed)
    }

    override val hasRoom: Boolean get() = readsNoMore != null || super.hasRoom

    override fun finishedAtOnce(): Boolean {
        outputFinished(null)
        return false
    }

    override fun outputFinished(cause: IOException?) {
        hasWritten = true
        if (cause != null) failure = cause
        if (child.exitCode != null) loop.runSoon(::tellEnd)
    }

    private fun tellEnd() {
        val end = endOf(child.exitCode ?: return)
        val unread = failure
        if (end is ProcessDone) return tellFinished(unread)
        if (unread != null) end.addSuppressed(unread)
        tellFinished(end)
    }

    override fun close() = closing(isForced = false)

    override fun cut() = closing(isForced = false)

    override fun abort() = closing(isForced = true)

    private fun closing(isForced: Boolean) {
        if (!command.leavesRunning || !loop.isEnding) child.end(isForced)
        super.close()
        child.stderr.close()
    }
}

/** The use of the standard error of a process that is a stream; Twisted's `StandardErrorBehavior`. */
public enum class StandardErrorBehavior {
    /** Each piece is a warning in the log, cut at some length. */
    LOG,

    /** It is read, and dropped. */
    DROP,
}

/** Will be a [ProcessChannel]. */
internal interface StartingProcess : EndsWithLoop

/** A process to connect to, again each time. */
internal class ProcessTarget(
    private val loop: StreamLoop,
    private val command: ProcessCommand,
    private val errors: StandardErrorBehavior,
    private val maker: ProcessMaker,
) : ConnectTarget {
    override fun connect(handler: ConnectHandler): ConnectAttempt = Attempt(handler).also { it.begin() }

    override fun toString() = "process ${escaped(command.toString())}"

    private inner class Attempt(private val handler: ConnectHandler) :
        ConnectAttempt,
        StartingProcess,
        ChildProcess.Owner {
        private val child = maker.make(loop, command)
        private var isOver = false
        private var channel: ProcessChannel? = null

        fun begin() {
            loop.streams.add(this)
            if (loop.isEnding) {
                loop.runSoon(::cancel)
                return
            }
            try {
                child.start(this)
            } catch (e: Throwable) { // there is no thread for it
                loop.runSoon { notStarted(e) }
            }
        }

        override fun started() {
            if (isOver) return
            over()
            child.stderr.start(Errors())
            val made = ProcessChannel(loop, command, child, PipeAddress("process ${command.name}"))
            channel = made
            handler.connected(made)
        }

        override fun notStarted(cause: Throwable) {
            if (isOver) return
            over()
            val reason = ProcessNotStarted(command, cause)
            handler.failed(CannotConnectException(reason.message!!, this@ProcessTarget.toString(), reason))
        }

        override fun exited(code: Int) {
            channel?.exited()
        }

        override fun cancel() {
            if (isOver) return
            over()
            child.end(isForced = true)
            handler.failed(ConnectingCancelledException(this@ProcessTarget.toString()))
        }

        override fun loopEnded() = cancel()

        private fun over() {
            isOver = true
            loop.streams.remove(this)
        }

        override fun toString() = "starting ${this@ProcessTarget}"
    }

    private inner class Errors : PipeSource.Reader {
        override fun received(view: ByteBuffer) {
            if (errors == StandardErrorBehavior.DROP) return
            val text = escaped(copyOf(view).decodeToString())
            log.warn(
                "{command} has written to its standard error: {text}",
                "command" to command.name,
                "text" to text,
                LogKeys.REACTOR to loop.name,
            )
        }

        override fun ended(cause: IOException?) = Unit
    }

    private companion object {
        val log = Logger(ProcessChannel::class.java)
    }
}
