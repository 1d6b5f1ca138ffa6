// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.spi.TorsionSpi

/** Hears of the events of a channel that was given to [NioEngine.register]. Thread: the reactor's. */
@TorsionSpi
public interface Selectable {
    /** The channel is ready for [operations], a set of `SelectionKey` bits. Exceptions are reported. */
    public fun ready(operations: Int)

    /** The reactor is about to stop: ends this one, at once or when it has sent what was written. [reactorStopped] follows. */
    public fun reactorStopping(): Unit = reactorStopped()

    /** The reactor stops: ends this one at once. */
    public fun reactorStopped()
}
