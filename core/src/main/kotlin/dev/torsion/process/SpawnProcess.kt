// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Processes")
@file:JvmMultifileClass

package dev.torsion.process

import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.Reactor
import dev.torsion.stream.StreamConnector
import dev.torsion.stream.StreamLoop

/**
 * Runs [command], with [protocol] as its other end; Twisted's `spawnProcess`. It is started on another thread, so the loop waits neither for the
 * disk nor for the system: [ProcessProtocol.connectionMade] says when it runs. Bytes that are written to its input before wait for it.
 *
 * A process that is alive when the reactor ends is told to end (TERM), and its pipes are closed, unless [ProcessCommand.leavesRunning] (Twisted
 * only closes the pipes). It is killed when it has not ended after [ProcessCommand.killAfter], and this JVM is there by then. To wait for it, stop it in a trigger before the shutdown.
 *
 * Thread: the reactor's.
 *
 * @param options limits of what waits to be read by the process
 * @throws ProcessLimitException when [MOST_PROCESSES] of this reactor are alive
 * @throws UnsupportedOperationException when this reactor has no network
 * @throws dev.torsion.loop.ReactorNotRunningException when the reactor is ending, or has ended
 */
@JvmOverloads
public fun Reactor.spawnProcess(
    protocol: ProcessProtocol,
    command: ProcessCommand,
    options: StreamOptions = StreamOptions.DEFAULT,
): ProcessTransport {
    val loop = loopForProcess("spawnProcess")
    return RunningProcess(loop, protocol, command, options, processMaker().make(loop, command)).also { it.start() }
}

/** How many processes of one reactor may be alive at a time: each has three threads. */
public const val MOST_PROCESSES: Int = 512

/** There are [MOST_PROCESSES] processes already. */
public class ProcessLimitException : IllegalStateException("$MOST_PROCESSES processes of this reactor are alive already")

internal fun Reactor.loopForProcess(operation: String): StreamLoop {
    val loop = streamNetwork ?: throw UnsupportedOperationException("$this has no network")
    loop.checkThread(operation)
    loop.checkTakesNew()
    val count = loop.streams.count { it is RunningProcess || it is ProcessChannel || it is StartingProcess }
    if (count >= MOST_PROCESSES) throw ProcessLimitException()
    return loop
}

private fun Reactor.processMaker() = capability(ProcessMaker::class.java) ?: ProcessMaker(::Child)

/** Starts [command] as a connection of [factory]. */
internal fun Reactor.connectProcess(
    command: ProcessCommand,
    factory: ClientFactory,
    errors: StandardErrorBehavior,
    options: StreamOptions,
): Connector {
    val loop = loopForProcess("connect")
    return StreamConnector(loop, ProcessTarget(loop, command, errors, processMaker()), factory, options).also { it.connect() }
}
