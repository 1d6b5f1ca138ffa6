// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.defer.Deferred
import dev.torsion.net.Producer
import dev.torsion.net.Transport

/**
 * A process, for a [ProcessProtocol] to write to; Twisted's `IProcessTransport`. As a [Producer] it is the process's output and error.
 *
 * Three daemon threads serve a process, one for each pipe: the JVM has no way to wait for several pipes at once. Each reads or writes one piece at a
 * time. Bytes that nobody reads stay in the pipe, and the process waits when that is full.
 *
 * Java gives a process no other descriptors than these three, and no terminal: the program `script` does that (`script -qfec COMMAND /dev/null`).
 * When the process has exited, the JVM closes its pipes after what is in them, so the output of a grandchild that lives on may be cut.
 *
 * Thread: the reactor's.
 */
public interface ProcessTransport : Producer {
    /**
     * The number of the process.
     *
     * @throws IllegalStateException before it is started
     */
    public fun pid(): Long

    /** The process's standard input, with all that a [Transport] has for writing: queue, producer, limits. Nothing is read from it. */
    public fun stdin(): Transport

    /** Sends all of [data] to its standard input. The array is copied before the call returns. */
    public fun write(data: ByteArray): Unit = stdin().write(data)

    /** Closes its standard input, after all that was written. */
    public fun closeStdin(): Unit = stdin().loseConnection()

    /** Closes our end of its standard output: nothing more is received, and what it writes fails. */
    public fun closeStdout()

    /** The same for its standard error. */
    public fun closeStderr()

    /** Closes all three. The process goes on, if it can without them. */
    public fun loseConnection()

    /**
     * Sends a signal: `TERM`, `KILL`, `INT`, or any other name that the command `kill` of the system knows. KILL and TERM are sent at once.
     * Others are sent by that command, on a thread of its own. The Deferred fires when the signal is sent, and fails with an `IOException`
     * when it could not be.
     *
     * A process that is not started yet is given up by KILL and TERM.
     *
     * @throws ProcessExitedAlreadyException when the process has exited
     * @throws IllegalArgumentException when that can be no name of a signal
     * @throws IllegalStateException when it is not started, for other signals
     */
    public fun signalProcess(signal: String): Deferred<Unit>

    /** Reads neither output nor error until [resumeProducing]. */
    override fun pauseProducing()

    /** Reads both again. */
    override fun resumeProducing()

    /** The same as [loseConnection]. */
    override fun stopProducing(): Unit = loseConnection()
}
