// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.net.Transport

/** How to do TLS: certificates, authorities, names. What is in it is the transport's business. */
public interface TLSSettings

/**
 * A transport on which TLS can begin; Twisted's `ITLSTransport`. A transport with TLS implements it. Torsion's own have no TLS yet: on them
 * [AMP.startTLS] fails with a [TLSNotAvailableException], and a peer that asks for TLS is told so.
 *
 * Thread: the reactor's.
 */
public interface StartTLSTransport : Transport {
    /**
     * Begins TLS. What was written before goes out as it is, and what is written from now on goes through TLS. What comes from now on is
     * TLS, and the protocol gets what is in it.
     *
     * @param isClient whether this side is TLS's client: the side that has asked for it
     */
    public fun startTLS(
        settings: TLSSettings,
        isClient: Boolean,
    )
}
