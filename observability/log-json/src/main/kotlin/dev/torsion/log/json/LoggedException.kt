// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json

import java.io.PrintStream
import java.io.PrintWriter

/**
 * Stands for an exception in a log that was read: it has the text and the stack trace of that one, and not its class, which this program
 * may not even know.
 *
 * @property type the name of the exception's class
 * @property stack its stack trace as it was printed, with its causes; empty when the log had none
 */
public class LoggedException(public val type: String, message: String?, public val stack: String) :
    Exception(message, null, false, false) {
    override fun printStackTrace(out: PrintStream): Unit = out.print(stack)

    override fun printStackTrace(out: PrintWriter): Unit = out.print(stack)

    /** As the exception itself said, as a rule. */
    override fun toString(): String = if (message == null) type else "$type: $message"

    private companion object {
        const val serialVersionUID = 1L
    }
}
