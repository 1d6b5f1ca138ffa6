// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.log.safeMessage
import java.io.IOException

/**
 * How a process has ended, for [ProcessProtocol.processEnded]: [ProcessDone], [ProcessTerminated], [ProcessNotStarted] or [ProcessLeft]. It is an
 * exception, so that a Deferred, a future or a suspend function can fail with it as it is.
 *
 * @property exitCode its exit code; null when it has none
 */
public sealed class ProcessEnd(message: String, cause: Throwable?, public val exitCode: Int?) : IOException(message, cause) {
    // Made far from the code that is to blame.
    override fun fillInStackTrace(): Throwable = this
}

/** The process has exited with code 0; Twisted's `ProcessDone`. */
public class ProcessDone : ProcessEnd("The process has ended with exit code 0.", null, 0)

/**
 * The process has exited with another code, or was ended by a signal; Twisted's `ProcessTerminated`.
 *
 * @param code what the JVM tells
 */
public class ProcessTerminated(code: Int) : ProcessEnd("The process has ended with ${shown(code)}.", null, code) {
    /**
     * The signal that has ended it, such as 9; null when none has. The JVM tells the exit code 128 + signal then, so a process that exits with
     * such a code by itself, as a shell does for its last command, looks the same.
     */
    public val signal: Int? = signalOf(code)
}

private fun signalOf(code: Int): Int? = (code - SIGNALLED).takeIf { it in 1..MOST_SIGNALS && !IS_WINDOWS }

private fun shown(code: Int) = signalOf(code)?.let { "exit code $code: by signal $it, or by itself" } ?: "exit code $code"

private const val SIGNALLED = 128
private const val MOST_SIGNALS = 64
private val IS_WINDOWS = System.getProperty("os.name").startsWith("Windows")

/** There never was a process: no such executable, no such folder, or it is not allowed. The [cause] says which. */
public class ProcessNotStarted(command: ProcessCommand, cause: Throwable) :
    ProcessEnd("The process \"$command\" was not started: ${safeMessage(cause)}.", cause, null)

/** The reactor has ended before the process, and knows nothing of it any more. */
public class ProcessLeft : ProcessEnd("The reactor has ended before the process.", null, null)

/** A signal was to be sent to a process that has ended; Twisted's `ProcessExitedAlready`. */
public class ProcessExitedAlreadyException : IllegalStateException("the process has ended already")

internal fun endOf(code: Int): ProcessEnd = if (code == 0) ProcessDone() else ProcessTerminated(code)
