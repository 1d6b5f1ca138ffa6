// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.log.safeMessage
import dev.torsion.stream.StreamLoop
import java.io.IOException
import kotlin.concurrent.thread

/**
 * A process with its three pipes and its threads. The thread that starts it reads its output then.
 *
 * Whoever gives it up while it is being started has it killed as soon as it is there.
 *
 * Thread: the loop's.
 */
internal class Child(private val loop: StreamLoop, private val command: ProcessCommand) {
    private val prefix = "${loop.name}-${command.name}"
    val stdin = PipeOutput(loop, "$prefix-stdin")
    val stdout = PipeInput(loop, "$prefix-stdout")
    val stderr = PipeInput(loop, "$prefix-stderr")

    @Volatile
    private var isGivenUp = false

    /** The process, once it is started. */
    var process: Process? = null
        private set

    /** Its exit code, once it has exited. */
    var exitCode: Int? = null
        private set

    /** Hears of it. Thread: the loop's. */
    interface Owner {
        fun started()

        fun notStarted(cause: Throwable)

        fun exited(code: Int)
    }

    /** Starts it, on another thread: that waits for the disk, and for the program to be there. Throws what keeps a thread from starting. */
    fun start(owner: Owner) {
        thread(isDaemon = true, name = "$prefix-stdout") { startAndRead(owner) }
    }

    private fun startAndRead(owner: Owner) {
        val made =
            try {
                if (isGivenUp) throw IOException("it was given up")
                command.builder().start()
            } catch (e: Throwable) { // an IOException, or what the arguments have to do with
                loop.runSoon { owner.notStarted(e) }
                return
            }
        val isTold = loop.runSoon {
            if (isGivenUp) {
                endUnwanted(made)
                stdout.close()
                owner.notStarted(IOException("it was given up"))
            } else {
                began(made, owner)
            }
        }
        if (isTold) stdout.run(made.inputStream) else endUnwanted(made)
    }

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

    private fun began(made: Process, owner: Owner) {
        process = made
        stdin.open(made.outputStream)
        owner.started()
        made.onExit().thenAccept { loop.runSoon { exited(it.exitValue(), owner) } }
    }

    private fun exited(code: Int, owner: Owner) {
        exitCode = code
        owner.exited(code)
    }

    /** It is not wanted any more, started or not: it is killed, or told to end. */
    fun end(isForced: Boolean) {
        isGivenUp = true
        val running = process ?: return
        if (isForced) running.destroyForcibly() else running.destroy()
    }

    fun signal(name: String): Deferred<Unit> {
        if (exitCode != null) throw ProcessExitedAlreadyException()
        val short = name.removePrefix("SIG")
        require(SIGNAL.matches(short)) { "\"$name\" is no signal" }
        if (short == "KILL" || (short == "TERM" && process?.supportsNormalTermination() != false)) {
            end(isForced = short == "KILL")
            return succeed(Unit)
        }
        val running = checkNotNull(process) { "the process \"$command\" is not started yet" }
        return try {
            sending(short, running)
        } catch (e: OutOfMemoryError) { // there is no thread for it
            fail(e)
        }
    }

    private fun sending(signal: String, to: Process): Deferred<Unit> {
        val sent = Deferred<Unit>()
        thread(isDaemon = true, name = "$prefix-kill") {
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

    private companion object {
        val SIGNAL = Regex("[A-Z0-9+]+")
    }
}
