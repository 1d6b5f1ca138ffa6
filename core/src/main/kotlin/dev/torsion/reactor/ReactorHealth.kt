// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.health.LoopHealth
import dev.torsion.health.LoopHealthListener
import java.time.Duration

/** How a reactor's loop does. */
public interface ReactorHealth {
    /** How the loop is doing. On any thread, also while the loop is blocked. */
    public fun health(): LoopHealth

    /**
     * Tells [listener] every [period], at the end of a turn, how the loop is doing.
     *
     * @return closing it on the reactor's thread takes the listener away
     */
    public fun addHealthListener(period: Duration, listener: LoopHealthListener): AutoCloseable
}
