// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.log.safeMessage
import dev.torsion.stream.StreamLoop
import java.io.IOException
import java.util.concurrent.TimeUnit

/**
 * A process of the machine, with its three pipes and its threads. The thread that starts it reads its output then.
 *
 * Thread: the loop's.
 */
internal class Child(
    private val loop: StreamLoop,
    private val command: ProcessCommand,
    private val threads: PipeThreads = PipeThreads.DAEMONS,
    private val launch: () -> Process = { command.builder().start() },
) : ChildProcess {
    private val prefix = "${loop.name}-${command.name}"
    override val stdin: PipeOutput = PipeOutput(loop, "$prefix-stdin", threads)
    override val stdout: PipeInput = PipeInput(loop, "$prefix-stdout", threads)
    override val stderr: PipeInput = PipeInput(loop, "$prefix-stderr", threads)

    @Volatile
    private var isGivenUp = false

    private var process: Process? = null
    private var isTerminating = false

    override val pid: Long? get() = process?.pid()

    override var exitCode: Int? = null
        private set

    /** Starts it, on another thread: that waits for the disk, and for the program to be there. Throws what keeps a thread from starting. */
    override fun start(owner: ChildProcess.Owner) {
        threads.start("$prefix-stdout") { startAndRead(owner) }
    }

    private fun startAndRead(owner: ChildProcess.Owner) {
        val made =
            try {
                if (isGivenUp) throw givenUp()
                launch()
            } catch (e: Throwable) { // an IOException, or what the arguments have to do with
                loop.runSoon { owner.notStarted(e) }
                return
            }
        var isTold = false
        try {
            isTold = loop.runSoon { began(made, owner) }
        } finally {
            if (!isTold) endUnwanted(made)
        }
        if (isTold) stdout.run(made.inputStream)
    }

    private fun givenUp() = IOException("it was given up")

    private fun endUnwanted(made: Process) {
        made.destroyForcibly()
        listOf(made.inputStream, made.errorStream, made.outputStream).forEach {
            try {
                it.close()
            } catch (_: IOException) {
                // It is of no use any more.
            }
        }
    }

    /** Takes it over, with all that its owner needs; or there is none. */
    private fun began(made: Process, owner: ChildProcess.Owner) {
        try {
            if (isGivenUp) throw givenUp()
            stdin.open(made.outputStream)
            stderr.open(made.errorStream)
            // The last step: whoever hears of its end has heard of its begin.
            made.onExit().thenAccept { loop.runSoon { exited(it.exitValue(), owner) } }
        } catch (e: Throwable) { // there is no thread for it
            endUnwanted(made)
            owner.notStarted(e)
            stdin.close()
            stdout.close()
            stderr.close()
            return
        }
        process = made
        owner.started()
    }

    private fun exited(code: Int, owner: ChildProcess.Owner) {
        exitCode = code
        owner.exited(code)
    }

    override fun end(isForced: Boolean) {
        isGivenUp = true
        val running = process ?: return
        if (isForced) running.destroyForcibly() else terminate(running)
    }

    /** The loop may have ended by the time at which the process has to: that is the JDK's own timer. */
    private fun terminate(running: Process) {
        if (isTerminating) return
        isTerminating = true
        running.destroy()
        running.onExit().orTimeout(command.killAfter.saturatedNanos(), TimeUnit.NANOSECONDS).exceptionally { running.destroyForcibly() }
    }

    override fun signal(name: String): Deferred<Unit> {
        if (name == "KILL" || (name == "TERM" && process?.supportsNormalTermination() != false)) {
            isGivenUp = true
            process?.let { if (name == "KILL") it.destroyForcibly() else it.destroy() }
            return succeed(Unit)
        }
        val running = checkNotNull(process) { "the process \"$command\" is not started yet" }
        return try {
            sending(name, running)
        } catch (e: OutOfMemoryError) { // there is no thread for it
            fail(e)
        }
    }

    private fun sending(signal: String, to: Process): Deferred<Unit> {
        val sent = Deferred<Unit>()
        threads.start("$prefix-kill") {
            val outcome = runCatching { send(signal, to) }
            loop.runSoon { if (!sent.called) outcome.fold(sent::callback, sent::errback) }
        }
        return sent
    }

    private fun send(signal: String, to: Process) {
        if (!to.isAlive) return // and its number may be another's
        val kill =
            try {
                ProcessBuilder("kill", "-s", signal, "${to.pid()}").redirectErrorStream(true).start()
            } catch (e: IOException) {
                throw IOException("signal $signal takes the command kill: ${safeMessage(e)}", e)
            }
        kill.outputStream.close()
        val said = kill.inputStream.readAllBytes().decodeToString().trim()
        if (kill.waitFor() != 0) throw IOException("signal $signal was not sent: $said")
    }

    override fun toString() = "$command" + process?.let { ", process ${it.pid()}" }.orEmpty()
}
