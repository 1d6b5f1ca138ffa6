// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.spi.TorsionSpi

/**
 * A transport that stands for another one, and passes most calls on. A question about the connection, such as whether it carries TLS, is
 * one for that one.
 *
 * Thread: the reactor's.
 */
@TorsionSpi
public interface TransportOver {
    /** The transport that has the connection. */
    public val connection: Transport
}
