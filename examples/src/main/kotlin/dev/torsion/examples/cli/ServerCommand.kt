// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.cli

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.examples.Output
import dev.torsion.net.ListeningPort
import dev.torsion.net.PipeAddress
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent
import dev.torsion.reactor.react
import dev.torsion.reactor.stopOnShutdown
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import picocli.CommandLine.Option
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** A command that is a server: says where it listens, and runs until Ctrl-C. */
abstract class ServerCommand : TorsionSubcommand() {
    @Option(
        names = ["-l", "--listen"],
        paramLabel = "ENDPOINT",
        defaultValue = "tcp:8007:interface=127.0.0.1",
        description = [
            "Where to listen: tcp:PORT[:interface=ADDRESS], unix:PATH, stdio:, fd:0, haproxy: before another one, or a kind of a plug-in.",
            "Without an interface on all of them; port 0 is any free one.",
            "Default: \${DEFAULT-VALUE}",
        ],
    )
    private lateinit var endpoint: String

    @Option(names = ["-h", "--help"], usageHelp = true, description = ["Show this help message and exit."])
    private var helpRequested = false

    protected val lines: Output get() = Output.escaping(out::println)

    /** Opens the port. */
    protected abstract fun listen(reactor: Reactor, endpoint: String): Deferred<ListeningPort>

    override fun call(): Int {
        val reactor = Reactor.create()
        reactor.stopOnShutdown(5.seconds)
        return react(reactor) {
            val port = listen(reactor, endpoint).await()
            // Standard output is the client's.
            if (port.host() is PipeAddress) return@react whileInUse(port)
            out.println("$name listening on ${port.host()}")
            reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { out.println("$name stopped") }
            awaitCancellation()
        }
    }

    /** Until the one connection has ended. */
    private suspend fun whileInUse(port: ListeningPort) {
        while (port.isListening) delay(MOMENT)
    }

    private companion object {
        val MOMENT = 20.milliseconds
    }
}
