// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import java.time.Duration

/** A reactor without events and with a clock of its own, whose turns a test makes. */
internal class HandTurnedReactor(
    private val disconnecting: () -> Unit = {},
    options: ReactorOptions = ReactorOptions(blockedThreshold = Duration.ZERO),
) : AbstractReactor(options) {
    /** The time in nanoseconds; a call may move it: it then took that long. */
    var now = 0L

    override fun nanoTime() = now

    override fun poll(timeoutNanos: Long) = Unit

    override fun wakeUp() = Unit

    override fun disconnectAll() = disconnecting()

    /** What `run` does before its first turn. */
    fun beginByHand() = begin()

    /** One turn of `run`, if it has one left. */
    fun turnByHand() {
        if (!isLooping) return
        turn(mayWait = false)
        if (!isLooping) end()
    }

    override fun listenTcp(
        port: Int,
        factory: Factory,
        networkInterface: String,
        backlog: Int,
        options: TcpOptions,
    ): ListeningPort = throw UnsupportedOperationException()

    override fun connectTcp(
        host: String,
        port: Int,
        factory: ClientFactory,
        timeout: Duration,
        bindAddress: String?,
        options: TcpOptions,
    ): Connector = throw UnsupportedOperationException()
}
