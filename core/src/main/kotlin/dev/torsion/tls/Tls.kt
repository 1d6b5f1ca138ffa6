// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.nio.file.Path

/**
 * The way into TLS: the sides of a connection, and certificates.
 *
 * ```kotlin
 * reactor.listenTls(8443, factory, Tls.server(Path.of("server.pem")))
 * reactor.connectTls("example.com", 443, factory, Tls.client())
 * ```
 *
 * Thread: any. The methods that read files block.
 */
public object Tls {
    /** A server that is [identity]. */
    @JvmStatic
    public fun server(identity: TlsIdentity): TlsServerOptions = server { identity }

    /** A server with the key and the chain in these files of PEM, see [TlsIdentity.fromPem]. */
    @JvmStatic
    public fun server(vararg pem: Path): TlsServerOptions = server(TlsIdentity.fromPem(*pem))

    /**
     * A server that asks [identity] for each new connection who it is, so that a certificate can be renewed while it runs: see
     * [TlsIdentityFiles].
     */
    @JvmStatic
    public fun server(identity: java.util.function.Supplier<TlsIdentity>): TlsServerOptions =
        TlsServerOptions(identity, TlsSettings(), emptyList(), null, null, isClientNeeded = false, failures = null)

    /** A client that trusts the authorities of the JDK, and checks the name of the server. */
    @JvmStatic
    public fun client(): TlsClientOptions = TlsClientOptions(TlsSettings(), null, null, emptySet(), null, checksName = true)

    /** A certificate for development and tests, see [TlsIdentity.selfSigned]. */
    @JvmStatic
    public fun selfSigned(vararg names: String): TlsIdentity = TlsIdentity.selfSigned(*names)
}
