// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.net.ConnectOptions
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsClientOptions
import java.nio.file.Path
import java.time.Duration
import java.util.function.Supplier

/**
 * Makes one connection at a time for a protocol, with no factory of your own; Twisted's `ClientCreator`.
 *
 * ```kotlin
 * ClientCreator(reactor) { Greeter() }.connectTcp("localhost", 1234).addCallback { greeter -> greeter.sayHello() }
 * ```
 *
 * Thread: the reactor's.
 *
 * @param protocol makes the protocol of each connection
 */
public class ClientCreator<P : Protocol>(private val reactor: Reactor, private val protocol: Supplier<P>) {
    /** Connects to [host]:[port], as a [HostnameEndpoint] does; fails and is cancelled as [ClientEndpoint.connect]. */
    @JvmOverloads
    public fun connectTcp(
        host: String,
        port: Int,
        timeout: Duration = Connector.DEFAULT_TIMEOUT,
        bindAddress: String? = null,
    ): Deferred<P> = connect(HostnameEndpoint(reactor, host, port, ConnectOptions(timeout, bindAddress)))

    /** The same with TLS, as a [TlsClientEndpoint] does; Twisted's `connectSSL`. */
    @JvmOverloads
    public fun connectTls(
        host: String,
        port: Int,
        tls: TlsClientOptions = Tls.client(),
        timeout: Duration = Connector.DEFAULT_TIMEOUT,
    ): Deferred<P> = connectTls(host, port, tls, ConnectOptions(timeout))

    /** The same with all that says how to get there, such as an address to connect from. */
    public fun connectTls(host: String, port: Int, tls: TlsClientOptions, connecting: ConnectOptions): Deferred<P> =
        connect(TlsClientEndpoint(reactor, host, port, tls).withConnecting(connecting))

    /** Connects to the UNIX socket at [path], as a [UNIXClientEndpoint] does; Twisted's `connectUNIX`. */
    @JvmOverloads
    public fun connectUnix(path: Path, timeout: Duration = Connector.DEFAULT_TIMEOUT): Deferred<P> =
        connect(UNIXClientEndpoint(reactor, path, timeout))

    @Suppress("UNCHECKED_CAST")
    private fun connect(endpoint: ClientEndpoint) = endpoint.connect(Factory(protocol)) as Deferred<P>
}
