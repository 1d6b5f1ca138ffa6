// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import dev.torsion.spi.Engine
import dev.torsion.spi.HostNames
import dev.torsion.spi.TorsionSpi

/** Opens the engine of a new reactor. */
@TorsionSpi
public fun interface EngineFactory {
    /**
     * The engine of the reactor whose [loop] it is, and which looks up [names]. The engine makes its calls on that loop, and reports their
     * exceptions to it. The loop has no poller before this returns: keep it, and ask nothing of it yet.
     */
    public fun open(loop: Loop, names: HostNames): Engine
}
