// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.defer.Deferred
import dev.torsion.net.Address
import dev.torsion.net.ClosedBy
import java.nio.ByteBuffer
import java.time.Duration
import javax.net.ssl.SSLEngine

/** One side of one TLS connection: which engine it has, and what it says of the other side. Thread: the loop's. */
internal interface TlsParty {
    val handshakeTimeout: Duration

    /** Whether an engine can be made, and make its handshake, in a short time. */
    val isReady: Boolean

    /** Makes this ready, which may take long; throws nothing. On any thread but the loop's. */
    fun prepare()

    /** The engine; null when it depends on what the client asks for. */
    fun engine(): SSLEngine?

    /** The engine for a client that says [hello]. */
    fun engineFor(hello: ClientHello): Deferred<SSLEngine>

    /** The session that [engine] has agreed on. */
    fun sessionOf(engine: SSLEngine, serverName: String?): TlsSession

    /** The connection has ended, and nobody uses [engine] any more. */
    fun released(engine: SSLEngine)

    // The words for people about the other side, which is at [address].

    /** The other side, as a sentence begins. */
    fun peer(address: Address): String

    /** Why TLS has failed, from what the engine or the memory has thrown. */
    fun explain(cause: Throwable, address: Address, isHandshake: Boolean): TlsException

    /** The other side has ended the handshake with the alert that has this [code]. */
    fun alerted(code: Int, address: Address): TlsException

    /** The other side has sent [beginning] and [more], which is no TLS. */
    fun notTls(beginning: ByteBuffer, more: ByteBuffer, isFirst: Boolean): TlsException

    fun tooSlow(address: Address): TlsException

    fun endedInHandshake(address: Address, cause: Throwable?, by: ClosedBy): TlsException

    fun givenUp(address: Address): TlsException

    fun noneFor(hello: ClientHello, cause: Throwable, address: Address): TlsException
}

/** Hears how a handshake ends, by one call. It may be followed by the handler's. Thread: the loop's. */
internal interface TlsListener {
    fun established(session: TlsSession)

    fun failed(reason: TlsException)
}
