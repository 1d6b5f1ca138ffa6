// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.defer.Deferred
import dev.torsion.net.Transport
import dev.torsion.tls.TlsClientOptions
import dev.torsion.tls.TlsServerOptions
import dev.torsion.tls.TlsSession
import dev.torsion.tls.startTls

/**
 * The part of one side in TLS: certificates, authorities, names. Those that [server] and [client] make are for Torsion's own transports.
 * The side that asks is TLS's client, and the other side is its server. The other way round, the first bytes of TLS would follow right
 * behind the answer, and nobody could tell the two apart.
 *
 * In Twisted these are `tls_localCertificate` and `tls_verifyAuthorities`, and the side that has connected is TLS's client.
 */
public interface TLSSettings {
    public companion object {
        /** This side is TLS's server, with the certificate of [options]: for a responder. */
        @JvmStatic
        public fun server(options: TlsServerOptions): TLSSettings = OwnSettings(isClient = false) { it.startTls(options) }

        /**
         * This side is TLS's client: for [AMP.startTLS].
         *
         * @param host the name or the address that was connected to, which the certificate of the other side has to be for
         */
        @JvmStatic
        public fun client(options: TlsClientOptions, host: String): TLSSettings =
            OwnSettings(isClient = true) { it.startTls(options, host) }
    }
}

/** The settings that [begin] TLS on Torsion's own transports. */
internal class OwnSettings(val isClient: Boolean, private val start: (Transport) -> Deferred<TlsSession>) : TLSSettings {
    /** The connection itself tells the outcome: it ends when the handshake fails. */
    fun begin(transport: Transport) {
        start(transport).addCallbacks({}, {})
    }
}

/**
 * A transport that begins TLS in its own way; Twisted's `ITLSTransport`. Torsion's own transports do not need it: settings of
 * [TLSSettings.server] and [TLSSettings.client] begin TLS on them.
 *
 * Thread: the reactor's.
 */
public interface StartTLSTransport : Transport {
    /**
     * Begins TLS. Bytes that were written before go out in the clear. Bytes that are written from now on go through TLS. Bytes that come
     * from now on are TLS's, and the protocol gets their content.
     *
     * @param isClient whether this side is TLS's client: the side that has asked for it
     */
    public fun startTLS(settings: TLSSettings, isClient: Boolean)
}
