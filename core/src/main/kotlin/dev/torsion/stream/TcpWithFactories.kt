// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.ClientFactory
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import java.time.Duration

// A network with factories above it: what a reactor's methods of the same names do.

internal fun StreamNetwork.listenTcp(
    port: Int,
    factory: Factory,
    networkInterface: String,
    backlog: Int,
    options: TcpOptions,
): ListeningPort = listen(port, networkInterface, backlog, options, FactoryAcceptor(this, factory, options))

internal fun StreamNetwork.connectTcp(
    host: String,
    port: Int,
    factory: ClientFactory,
    timeout: Duration,
    bindAddress: String?,
    options: TcpOptions,
): Connector = StreamConnector(this, connector(host, port, timeout, bindAddress, options), factory, options).also { it.connect() }
