// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.process.ProcessCommand
import dev.torsion.process.StandardErrorBehavior
import dev.torsion.process.connectProcess
import dev.torsion.reactor.Reactor

/**
 * A process as the other end of a connection: what the protocol writes is its standard input, what the protocol receives is its standard
 * output; Twisted's `ProcessEndpoint`. Each connection starts a process.
 *
 * `loseConnection` closes its input after all that was written, and waits for it to exit. When it does not within [StreamOptions.closeTimeout], it
 * is told to end (TERM), and killed when it has not after [ProcessCommand.killAfter]. `abortConnection` kills it. A process that exits with another code than 0 is a connection that was lost, with a
 * [ProcessTerminated][dev.torsion.process.ProcessTerminated] as the cause.
 *
 * @property command the program
 * @property errors what to do with its standard error
 * @property options limits of the connection
 */
public class ProcessEndpoint
@JvmOverloads
constructor(
    private val reactor: Reactor,
    public val command: ProcessCommand,
    public val errors: StandardErrorBehavior = StandardErrorBehavior.LOG,
    public val options: StreamOptions = StreamOptions.DEFAULT,
) : ClientEndpoint {
    override fun connect(factory: Factory): Deferred<Protocol> =
        connecting(command.toString()) { reactor.connectProcess(command, ConnectOnce(factory, it), errors, options) }
            .abortedBy(reactor)

    override fun toString(): String = "process $command"
}
