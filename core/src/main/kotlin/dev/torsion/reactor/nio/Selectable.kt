// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor.nio

import dev.torsion.spi.TorsionSpi

/** What stands behind a selection key of [NioReactor.register]. Thread: the reactor's. */
@TorsionSpi
public interface Selectable {
    /** The channel is ready for [operations], a set of `SelectionKey` bits. What this throws is reported. */
    public fun ready(operations: Int)

    /** The reactor stops: ends this one at once. */
    public fun reactorStopped()
}
