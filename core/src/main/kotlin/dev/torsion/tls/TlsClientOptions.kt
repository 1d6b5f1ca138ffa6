// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import java.time.Duration
import javax.net.ssl.SSLContext

/**
 * TLS on the side of a client; Twisted's `optionsForClientTLS`. Immutable: each `with` gives another one. Made by [Tls.client].
 *
 * The server has to show a certificate for the name or address that was connected to, signed by an authority of the JDK, unless
 * [withTrust] says whom to trust. It speaks TLS 1.3 and 1.2, with ciphers that have forward secrecy.
 *
 * Keep one for all connections of a client: it has the sessions by which the next handshake with the same server is cheap.
 *
 * Thread: any.
 */
public class TlsClientOptions internal constructor(
    @get:JvmSynthetic
    internal val settings: TlsSettings,
    private val trust: TlsTrust?,
    private val identity: TlsIdentity?,
    private val pins: Set<String>,
    @get:JvmSynthetic
    internal val serverName: String?,
    @get:JvmSynthetic internal val checksName: Boolean,
) {
    @get:JvmSynthetic
    internal val context: SSLContext by lazy {
        settings.context(identity?.let(::OneIdentity), CheckingTrust((trust ?: TlsTrust.system()).manager, pins))
    }

    /** Trusts [trust] in place of the authorities of the JDK. */
    public fun withTrust(trust: TlsTrust): TlsClientOptions = copy(trust = trust)

    /** Shows [identity] to servers that ask for the certificate of a client. */
    public fun withIdentity(identity: TlsIdentity): TlsClientOptions = copy(identity = identity)

    /** Offers these application protocols (ALPN), the best first; [TlsSession.applicationProtocol] says which one the server took. */
    public fun withApplicationProtocols(vararg protocols: String): TlsClientOptions =
        copy(settings = settings.copy(applicationProtocols = protocols.toList()))

    /** Besides all other checks, one key of the server's chain has to be among these, see [TlsPin]. */
    public fun withPins(vararg pins: String): TlsClientOptions = copy(pins = pins.map(TlsPin::checked).toSet())

    /** Asks for [name], and expects it in the certificate, in place of the one that was connected to. It may be an address. */
    public fun withServerName(name: String): TlsClientOptions = copy(serverName = nameForTls(name))

    /**
     * Takes a certificate for any name, when it is trusted otherwise. Everybody with a certificate of a trusted authority can then pretend
     * to be the server: use it only with [withTrust] or [withPins] for a server that is yours.
     */
    public fun withoutNameCheck(): TlsClientOptions = copy(checksName = false)

    /** Gives the handshake up after [timeout]; 30 s unless given. */
    public fun withHandshakeTimeout(timeout: Duration): TlsClientOptions = copy(settings = settings.copy(handshakeTimeout = timeout))

    /** Speaks these versions only: `TLSv1.3`, `TLSv1.2` or both. */
    public fun withVersions(vararg versions: String): TlsClientOptions = copy(settings = settings.copy(versions = versions.toList()))

    /** Offers these ciphers only, by their names in the JDK, the best first. Those that the engine does not know are left out. */
    public fun withCipherSuites(vararg suites: String): TlsClientOptions = copy(settings = settings.copy(cipherSuites = suites.toList()))

    /** Takes the engines from [engines]. */
    public fun withEngines(engines: TlsEngines): TlsClientOptions = copy(settings = settings.copy(engines = engines))

    /**
     * A factory for connections that carry TLS with the server [host], around [factory]: its protocols are made once the handshake is done,
     * and see what is inside. For endpoints there is `wrapClientTls`.
     *
     * @param host the name or the address that was connected to, which the certificate has to be for
     */
    public fun wrap(factory: Factory, host: String): Factory = TlsFactory(factory, this, nameForTls(host))

    /** The same for a factory that hears how the attempts go: a handshake that fails is an attempt that failed. */
    public fun wrap(factory: ClientFactory, host: String): ClientFactory = TlsClientFactory(factory, this, nameForTls(host))

    private fun copy(
        settings: TlsSettings = this.settings,
        trust: TlsTrust? = this.trust,
        identity: TlsIdentity? = this.identity,
        pins: Set<String> = this.pins,
        serverName: String? = this.serverName,
        checksName: Boolean = this.checksName,
    ) = TlsClientOptions(settings, trust, identity, pins, serverName, checksName)

    override fun toString(): String = "TlsClientOptions(${trust ?: "the JDK's authorities"}, ${settings.versions.joinToString()})"
}
