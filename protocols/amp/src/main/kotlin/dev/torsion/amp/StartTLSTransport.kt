// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.net.Transport

/** The settings of TLS: certificates, authorities, names. The transport says what is in them. */
public interface TLSSettings

/**
 * A transport on which TLS can begin; Twisted's `ITLSTransport`. A transport with TLS implements it. Torsion's own have no TLS yet: on them
 * [AMP.startTLS] fails with a [TLSNotAvailableException], and a peer that asks for TLS is told so.
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
