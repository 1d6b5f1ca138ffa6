// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.callLater
import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.loop.reportFailure
import dev.torsion.process.ChildProcess
import dev.torsion.process.PipeSink
import dev.torsion.process.PipeSource
import dev.torsion.process.ProcessCommand
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.time.Duration
import java.util.function.Consumer
import java.util.function.IntUnaryOperator
import kotlin.time.toKotlinDuration

/**
 * A process that a test plays, from its own side: what it reads, writes, and how it ends. See [MemoryProcesses].
 *
 * A pipe holds 64 KiB. A process that has written more waits in that write: its exit comes when the rest has gone. Handlers are called in turns of
 * the reactor.
 *
 * Thread: the test's.
 *
 * @property command what was asked for
 */
@OptIn(TorsionSpi::class)
public class MemoryProcess internal constructor(
    private val loop: StreamLoop,
    @get:JvmName("command") public val command: ProcessCommand,
    private val clock: VirtualClock,
    private val processes: MemoryProcesses,
    chunking: Chunking,
) {
    private val input = MemoryPipeSink(loop)
    private val output = pipe(chunking.newStream())
    private val error = pipe(chunking.newStream())
    private val signalHandlers = HashMap<String, Runnable>()
    private val heard = ArrayList<String>()
    private var isRunning = false
    private var isGivenUp = false
    private var exiting: Int? = null
    private var owner: ChildProcess.Owner? = null
    private var killTimer: DelayedCall? = null

    /** Its number. */
    @get:JvmName("pid")
    public val pid: Long = processes.admit(this)

    /** Its exit code; null while it has none. */
    @get:JvmName("exitCode")
    public var exitCode: Int? = null
        private set

    /** Whether it runs. */
    public val isAlive: Boolean get() = isRunning && exitCode == null

    /** The signals that it was sent, in order and without `SIG`. */
    @get:JvmName("signals")
    public val signals: List<String> get() = heard.toList()

    private fun pipe(chunks: IntUnaryOperator): MemoryPipeSource = MemoryPipeSource(loop, chunks, ::exitIfWritten)

    // Acts of the process.

    /** Reads its standard input from now on. Until then it reads nothing, and what is written waits. */
    public fun onInput(handler: Consumer<ByteArray>): Unit = input.reads { guarded { handler.accept(it) } }

    /** Reads no more, until [onInput]. */
    public fun stopReading(): Unit = input.reads(null)

    /** Calls [call] when it has read its standard input to the end. */
    public fun onInputEnd(call: Runnable): Unit = input.atEnd { guarded(call) }

    /** Calls [call] for each signal [name], such as `TERM`, which does not end it then. `KILL` always does. */
    public fun onSignal(name: String, call: Runnable) {
        require(name != "KILL") { "no process can handle KILL" }
        signalHandlers[name] = call
    }

    /** Writes [text] to its standard output, as UTF-8. When our end is closed, the signal `PIPE` says so. */
    public fun print(text: String): Unit = write(text.encodeToByteArray())

    /** Writes [data] to its standard output. */
    public fun write(data: ByteArray): Unit = write(data, output)

    /** Writes [text] to its standard error, as UTF-8. */
    public fun printError(text: String): Unit = writeError(text.encodeToByteArray())

    /** Writes [data] to its standard error. */
    public fun writeError(data: ByteArray): Unit = write(data, error)

    private fun write(data: ByteArray, to: MemoryPipeSource) {
        if (isActive && !to.write(data.copyOf())) takeSignal("PIPE")
    }

    private val isActive get() = isAlive && exiting == null

    /** Closes its standard input: whoever writes there finds a pipe that is broken. */
    public fun closeInput(): Unit = input.closeReader()

    /** Closes its standard output. */
    public fun closeOutput(): Unit = output.end()

    /** Closes its standard error. */
    public fun closeError(): Unit = error.end()

    /** Does [call] after [delay], if it lives by then. */
    public fun later(delay: Duration, call: Runnable) {
        clock.callLater(delay.toKotlinDuration()) { if (isActive) guarded(call) }
    }

    /** Exits, once it has written all. Handlers are not called any more. */
    public fun exit(code: Int) {
        if (!isActive) return
        exiting = code
        exitIfWritten()
    }

    private fun exitIfWritten() {
        val code = exiting ?: return
        if (exitCode == null && !output.isFull && !error.isFull) ended(code)
    }

    private fun ended(code: Int) {
        if (!isAlive) return
        exitCode = code
        output.cut()
        error.cut()
        input.closeReader()
        killTimer?.let { if (it.isActive) it.cancel() }
        loop.runSoon { if (child.tellExit(code)) owner?.exited(code) }
    }

    private fun guarded(call: Runnable) {
        if (!isActive) return
        try {
            call.run()
        } catch (e: Throwable) {
            loop.reportFailure(e) { "the program of $this" }
            ended(1)
        }
    }

    private fun takeSignal(name: String) {
        if (!isAlive) return
        heard.add(name)
        val handler = signalHandlers[name]
        if (handler != null && exiting == null) return guarded(handler)
        FATAL[name]?.let { ended(SIGNALLED + it) }
    }

    // Requests of the reactor.

    @get:JvmSynthetic
    internal val child: Child = Child()

    internal inner class Child : ChildProcess {
        override val stdin: PipeSink get() = input
        override val stdout: PipeSource get() = output
        override val stderr: PipeSource get() = error
        override val pid: Long? get() = this@MemoryProcess.pid.takeIf { isRunning }
        override var exitCode: Int? = null
            private set

        @JvmSynthetic
        internal fun tellExit(code: Int): Boolean = (exitCode == null).also { exitCode = code }

        override fun start(owner: ChildProcess.Owner) {
            this@MemoryProcess.owner = owner
            loop.runSoon { begin(owner) }
        }

        override fun end(isForced: Boolean) {
            isGivenUp = true
            takeSignal(if (isForced) "KILL" else "TERM")
            if (isAlive && killTimer == null) {
                killTimer = clock.callLater(command.killAfter.toKotlinDuration()) { takeSignal("KILL") }
            }
        }

        override fun signal(name: String): Deferred<Unit> {
            if (name == "KILL" || name == "TERM") isGivenUp = true else check(isRunning) { "the process \"$command\" is not started yet" }
            if (name !in FATAL && name !in HARMLESS) return fail(IOException("signal $name was not sent: there is none"))
            takeSignal(name)
            return succeed(Unit)
        }
    }

    private fun begin(owner: ChildProcess.Owner) {
        val program = processes.program(command.command.first())
        val problem = when {
            isGivenUp -> "it was given up"
            program == null -> "there is no program \"${command.command.first()}\" in this $processes"
            else -> null
        }
        if (problem != null) return owner.notStarted(IOException(problem))
        isRunning = true
        owner.started()
        guarded { program?.begin(this) }
    }

    override fun toString(): String {
        val state = when {
            exitCode != null -> "exited with $exitCode"
            isRunning -> "running"
            else -> "not started"
        }
        return "MemoryProcess($command, $state)"
    }

    private companion object {
        const val SIGNALLED = 128

        /** Those that end a process which does not handle them. */
        val FATAL =
            mapOf(
                "HUP" to 1, "INT" to 2, "QUIT" to 3, "ABRT" to 6, "KILL" to 9, "USR1" to 10, "USR2" to 12, "PIPE" to 13, "ALRM" to 14,
                "TERM" to 15,
            )
        val HARMLESS = setOf("CHLD", "CONT", "URG", "WINCH")
    }
}
