// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.net.HostResolver
import java.time.Duration

/**
 * How a reactor is set up. Immutable.
 *
 * @property threadName the name of the thread that [Reactor.start] makes
 * @property blockedThreshold a callback that holds the loop for longer than this is reported, with its stack, while it does; 500 ms,
 *   zero for never
 * @property blockedLoopListener hears of such a callback, on the watching thread; the default logs a warning
 * @property errorListener hears of every error that a callback threw, on the reactor's thread, after it was logged
 * @property resolver looks host names up
 * @property acceptsPerTurn how many connections a port accepts before others get their turn
 * @property readsPerTurn how many times a connection is read in a row while it fills the read buffer, before others get their turn
 */
public class ReactorOptions
@JvmOverloads
constructor(
    public val threadName: String = "torsion-reactor",
    public val blockedThreshold: Duration = Duration.ofMillis(500),
    public val blockedLoopListener: BlockedLoopListener = BlockedLoopListener.logging(),
    public val errorListener: ErrorListener = ErrorListener { _, _ -> },
    public val resolver: HostResolver = HostResolver.system(),
    public val acceptsPerTurn: Int = 64,
    public val readsPerTurn: Int = 4,
) {
    init {
        require(!blockedThreshold.isNegative) { "blockedThreshold must not be negative, but is $blockedThreshold" }
        require(acceptsPerTurn > 0) { "acceptsPerTurn must be positive, but is $acceptsPerTurn" }
        require(readsPerTurn > 0) { "readsPerTurn must be positive, but is $readsPerTurn" }
    }
}

/** Hears of the errors that callbacks threw. */
public fun interface ErrorListener {
    /** [context] says which callback it was. */
    public fun errorReported(
        context: String,
        error: Throwable,
    )
}
