// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import java.time.Duration

/**
 * Streams over TCP, or over something that is like it: what a reactor's `listenTcp` and `connectTcp` call.
 *
 * Thread: the loop's; both refuse others.
 */
@TorsionSpi
public interface Network {
    /** See [dev.torsion.reactor.ReactorStreams.listenTcp]. */
    public fun listenTcp(
        port: Int,
        factory: Factory,
        networkInterface: String,
        backlog: Int,
        options: TcpOptions,
    ): ListeningPort

    /** See [dev.torsion.reactor.ReactorStreams.connectTcp]. */
    public fun connectTcp(
        host: String,
        port: Int,
        factory: ClientFactory,
        timeout: Duration,
        bindAddress: String?,
        options: TcpOptions,
    ): Connector
}
