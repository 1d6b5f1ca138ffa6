// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectOptions
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions

// A network with factories above it: what a reactor's methods of the same names do.

internal fun StreamNetwork.listenTcp(
    port: Int,
    factory: Factory,
    networkInterface: String,
    backlog: Int,
    options: TcpOptions,
): ListeningPort = listen(port, networkInterface, backlog, options, FactoryAcceptor(this, factory, options.stream))

internal fun StreamNetwork.connectTcp(
    host: String,
    port: Int,
    factory: ClientFactory,
    connecting: ConnectOptions,
    options: TcpOptions,
): Connector = StreamConnector(this, connector(host, port, connecting, options), factory, options.stream).also { it.connect() }
