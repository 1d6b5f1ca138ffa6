// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.net.Factory
import java.time.Duration
import java.util.function.Supplier
import javax.net.ssl.SSLContext

/**
 * TLS on the side of a server; Twisted's `CertificateOptions`. Immutable: each `with` gives another one. Made by [Tls.server].
 *
 * The defaults are safe for a public server: TLS 1.3 and 1.2, ciphers with forward secrecy only, no renegotiation, 30 s for a handshake.
 *
 * Keep one for all connections of a server: it has their session tickets, by which clients resume with a cheap handshake.
 *
 * Thread: any.
 */
public class TlsServerOptions internal constructor(
    @get:JvmSynthetic
    internal val identity: Supplier<TlsIdentity>,
    @get:JvmSynthetic internal val settings: TlsSettings,
    private val byName: List<Pair<List<String>, Supplier<TlsIdentity>>>,
    @get:JvmSynthetic
    internal val chooser: TlsIdentityChooser?,
    @get:JvmSynthetic internal val clientTrust: TlsTrust?,
    @get:JvmSynthetic
    internal val isClientNeeded: Boolean,
    @get:JvmSynthetic internal val failures: TlsFailureListener?,
) {
    private val contexts = ContextCache()

    /**
     * Speaks these application protocols (ALPN), the best first, such as `h2` and `http/1.1`. A client that offers none of them is
     * refused; one that knows no ALPN is served, and [TlsSession.applicationProtocol] is null.
     */
    public fun withApplicationProtocols(vararg protocols: String): TlsServerOptions =
        copy(settings = settings.copy(applicationProtocols = protocols.toList()))

    /** Shows [identity] to clients that ask for one of its names (SNI); others get the first identity. */
    public fun withIdentity(identity: TlsIdentity): TlsServerOptions = withIdentity({ identity }, *identity.names.toTypedArray())

    /** Shows what [identity] gives then to clients that ask for one of [names], which may begin with `*.`. */
    public fun withIdentity(identity: Supplier<TlsIdentity>, vararg names: String): TlsServerOptions {
        require(names.isNotEmpty()) { "a name is needed" }
        return copy(
            byName =
            byName + (names.map { it.removePrefix("*.").let { rest -> it.dropLast(rest.length) + nameForTls(rest) } } to identity),
        )
    }

    /** Asks [chooser] for each connection which identity to show, in place of the names of [withIdentity]. */
    public fun withIdentityChooser(chooser: TlsIdentityChooser): TlsServerOptions = copy(chooser = chooser)

    /**
     * Asks clients for a certificate, and takes those that [trust] has signed. One without is refused, unless [isNeeded] is false: then
     * [TlsSession.peerCertificates] is empty.
     */
    @JvmOverloads
    public fun withClientTrust(trust: TlsTrust, isNeeded: Boolean = true): TlsServerOptions =
        copy(clientTrust = trust, isClientNeeded = isNeeded)

    /** Ends connections whose handshake takes longer than [timeout]; 30 s unless given. */
    public fun withHandshakeTimeout(timeout: Duration): TlsServerOptions = copy(settings = settings.copy(handshakeTimeout = timeout))

    /** Takes these versions only: `TLSv1.3`, `TLSv1.2` or both. */
    public fun withVersions(vararg versions: String): TlsServerOptions = copy(settings = settings.copy(versions = versions.toList()))

    /** Takes these ciphers only, by their names in the JDK, the best first. Those that the engine does not know are left out. */
    public fun withCipherSuites(vararg suites: String): TlsServerOptions = copy(settings = settings.copy(cipherSuites = suites.toList()))

    /** Takes the engines from [engines]. */
    public fun withEngines(engines: TlsEngines): TlsServerOptions = copy(settings = settings.copy(engines = engines))

    /** Tells [listener] of each handshake that fails. No protocol hears of those. */
    public fun withFailureListener(listener: TlsFailureListener): TlsServerOptions = copy(failures = listener)

    /**
     * A factory for connections that carry TLS, around [factory]: its protocols are made once the handshake is done, and see what is inside.
     * Endpoints take it as `endpoint.wrap(options::wrap)`.
     */
    public fun wrap(factory: Factory): Factory = TlsFactory(factory, this)

    @JvmSynthetic
    internal fun contextFor(identity: TlsIdentity): SSLContext = contexts.get(identity) {
        settings.context(OneIdentity(identity), CheckingTrust((clientTrust ?: TlsTrust.system()).manager, emptySet()))
    }

    /** Whether the identity depends on what a client asks for. */
    @get:JvmSynthetic
    internal val isByName: Boolean get() = chooser != null || byName.isNotEmpty()

    @JvmSynthetic
    internal fun identityFor(hello: ClientHello): Deferred<TlsIdentity> = try {
        chooser?.choose(hello) ?: succeed(named(hello.serverName) ?: identity.get())
    } catch (e: Throwable) { // a chooser is anybody's code
        fail(e)
    }

    private fun named(serverName: String?): TlsIdentity? {
        val name = serverName?.removeSuffix(".") ?: return null
        val exact = byName.firstOrNull { (names, _) -> name in names }
        return (exact ?: byName.firstOrNull { (names, _) -> names.any { isFor(it, name) } })?.second?.get()
    }

    private fun copy(
        settings: TlsSettings = this.settings,
        byName: List<Pair<List<String>, Supplier<TlsIdentity>>> = this.byName,
        chooser: TlsIdentityChooser? = this.chooser,
        clientTrust: TlsTrust? = this.clientTrust,
        isClientNeeded: Boolean = this.isClientNeeded,
        failures: TlsFailureListener? = this.failures,
    ) = TlsServerOptions(identity, settings, byName, chooser, clientTrust, isClientNeeded, failures)

    override fun toString(): String = "TlsServerOptions(${runCatching {
        identity.get()
    }.getOrElse { "$it" }}, ${settings.versions.joinToString()})"
}

/** Chooses what a server shows to a client. */
public fun interface TlsIdentityChooser {
    /**
     * The identity for a client that says [hello]; null for the server's first one. When it fails, the client is refused with
     * `unrecognized_name`. The time of the handshake goes on meanwhile; when the connection ends, the Deferred is cancelled.
     *
     * Thread: the reactor's.
     */
    public fun choose(hello: ClientHello): Deferred<TlsIdentity>?
}

/** Hears of handshakes that fail. */
public fun interface TlsFailureListener {
    /** The handshake with [peer] has failed for [reason]. Thread: the reactor's. */
    public fun handshakeFailed(peer: dev.torsion.net.Address, reason: TlsException)
}

/** The contexts of the identities that were used last: making one is costly, and it has the session tickets. */
internal class ContextCache {
    private val contexts =
        object : LinkedHashMap<TlsIdentity?, SSLContext>(16, 0.75f, true) {
            override fun removeEldestEntry(eldest: MutableMap.MutableEntry<TlsIdentity?, SSLContext>?) = size > MOST
        }

    @Synchronized
    fun get(identity: TlsIdentity?, make: () -> SSLContext): SSLContext = contexts.getOrPut(identity, make)

    private companion object {
        const val MOST = 1000
    }
}
