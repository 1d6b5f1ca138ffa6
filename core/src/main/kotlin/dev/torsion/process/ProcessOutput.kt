// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Processes")
@file:JvmMultifileClass

package dev.torsion.process

import dev.torsion.defer.Deferred
import dev.torsion.reactor.Reactor
import java.io.ByteArrayOutputStream
import java.io.IOException

/** How many bytes of output are kept, unless said otherwise: 16 MiB. */
public const val DEFAULT_OUTPUT_LIMIT: Int = 16 * 1024 * 1024

/**
 * Runs [command], and gives what it has written to its standard output; Twisted's `getProcessOutput`. Its input is closed at once.
 *
 * The exit code does not matter. Unless [errorToo], where standard error is mixed in as it comes, anything on standard error fails the
 * Deferred with [UnexpectedErrorOutputException], and the process is killed. It fails with [ProcessOutputLimitException] for more than [limit] bytes,
 * and with a [ProcessEnd] when the process was not started, or the reactor has ended. Cancelling kills the process.
 *
 * Thread: the reactor's.
 */
@JvmOverloads
public fun Reactor.getProcessOutput(
    command: ProcessCommand,
    errorToo: Boolean = false,
    limit: Int = DEFAULT_OUTPUT_LIMIT,
): Deferred<ByteArray> = collecting(command, Collecting(limit, if (errorToo) Errors.MIXED else Errors.REFUSED)) { it.out.toByteArray() }

/**
 * Runs [command], and gives its exit code; Twisted's `getProcessValue`. Its output is dropped. A process that a signal ends has the code
 * 128 + signal, as [ProcessTerminated] says. Otherwise as [getProcessOutput].
 */
public fun Reactor.getProcessValue(command: ProcessCommand): Deferred<Int> = collecting(command, Collecting(0, Errors.DROPPED)) { it.code }

/**
 * Runs [command], and gives all that it has written, and its exit code; Twisted's `getProcessOutputAndValue`. A process that a signal ends has the
 * code 128 + signal (Twisted: a failure). The [limit] is for output and error together. Otherwise as [getProcessOutput].
 */
@JvmOverloads
public fun Reactor.getProcessOutputAndValue(command: ProcessCommand, limit: Int = DEFAULT_OUTPUT_LIMIT): Deferred<ProcessOutput> =
    collecting(command, Collecting(limit, Errors.KEPT)) { ProcessOutput(it.out.toByteArray(), it.err.toByteArray(), it.code) }

/** The output of a process, and how it has ended. */
public class ProcessOutput internal constructor(
    private val out: ByteArray,
    private val err: ByteArray,
    /** The exit code. */
    @get:JvmName("exitCode") public val exitCode: Int,
) {
    /** The bytes of its standard output; a copy. */
    public fun output(): ByteArray = out.copyOf()

    /** The bytes of its standard error; a copy. */
    public fun error(): ByteArray = err.copyOf()

    /** [output] as UTF-8. */
    public fun outputText(): String = out.decodeToString()

    /** [error] as UTF-8. */
    public fun errorText(): String = err.decodeToString()

    override fun toString(): String = "ProcessOutput(${out.size} bytes, ${err.size} bytes of error, exit code $exitCode)"
}

/** A process has written to its standard error, which was to be empty. */
public class UnexpectedErrorOutputException internal constructor(private val bytes: ByteArray) :
    IOException("The process has written to its standard error: ${dev.torsion.log.escaped(bytes.decodeToString())}") {
    /** The first bytes of its standard error; a copy. */
    public val error: ByteArray get() = bytes.copyOf()
}

/** A process has written more than [limit] bytes. */
public class ProcessOutputLimitException(
    /** The most bytes. */
    public val limit: Int,
) : IOException("The process has written more than $limit bytes.")

private enum class Errors { REFUSED, MIXED, KEPT, DROPPED }

private fun <T> Reactor.collecting(command: ProcessCommand, collecting: Collecting, result: (Collecting) -> T): Deferred<T> {
    val deferred = Deferred<T> { collecting.giveUp() }
    collecting.failed = { if (!deferred.called) deferred.errback(it) }
    collecting.done = { if (!deferred.called) deferred.callback(result(collecting)) }
    collecting.process = spawnProcess(collecting, command)
    return deferred
}

/** Keeps what a process writes, up to [limit] bytes. */
private class Collecting(private val limit: Int, private val errors: Errors) : ProcessProtocol() {
    val out = ByteArrayOutputStream()
    val err = ByteArrayOutputStream()
    var code = 0
        private set
    var process: ProcessTransport? = null
    lateinit var failed: (Throwable) -> Unit
    lateinit var done: () -> Unit
    private var isOver = false

    override fun connectionMade() = transport.closeStdin()

    override fun outReceived(data: ByteArray) {
        if (errors != Errors.DROPPED) keep(data, out)
    }

    override fun errReceived(data: ByteArray) {
        when (errors) {
            Errors.REFUSED -> failWith(UnexpectedErrorOutputException(data))
            Errors.MIXED -> keep(data, out)
            Errors.KEPT -> keep(data, err)
            Errors.DROPPED -> Unit
        }
    }

    private fun keep(data: ByteArray, target: ByteArrayOutputStream) {
        if (isOver) return
        if (out.size() + err.size() > limit - data.size) return failWith(ProcessOutputLimitException(limit))
        target.write(data)
    }

    private fun failWith(error: IOException) {
        if (isOver) return
        giveUp()
        failed(error)
    }

    /** Nobody wants to know any more. */
    fun giveUp() {
        isOver = true
        out.reset()
        err.reset()
        try {
            process?.signalProcess("KILL")
        } catch (_: ProcessExitedAlreadyException) {
            // It has ended by itself.
        }
        process?.loseConnection()
    }

    override fun processEnded(reason: ProcessEnd) {
        if (isOver) return
        isOver = true
        code = reason.exitCode ?: return failed(reason)
        done()
    }

    override fun logPrefix() = "the output of a process"
}
