// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.spi.TorsionSpi

/**
 * A transport that stands for another one, and passes most calls on. What is asked of a connection, such as whether it carries TLS, is
 * asked of that one.
 *
 * Thread: the reactor's.
 */
@TorsionSpi
public interface TransportOver {
    /** The transport that has the connection. */
    public val connection: Transport
}
