// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.readable
import java.io.IOException
import java.time.Duration

/**
 * Says what became of connections that were ended together, as by [ListeningPort.drain]. Immutable.
 *
 * @property connections how many there were
 * @property cutConnections how many of them were reset, since their peers had not taken everything in time, or their protocols still worked
 * @property unsentBytes how many written bytes were dropped with those
 */
public data class DrainReport(public val connections: Int, public val cutConnections: Int, public val unsentBytes: Long) {
    /** Both together. */
    public operator fun plus(other: DrainReport): DrainReport =
        DrainReport(connections + other.connections, cutConnections + other.cutConnections, unsentBytes + other.unsentBytes)

    public companion object {
        /** There was no connection. */
        @JvmField
        public val NONE: DrainReport = DrainReport(0, 0, 0)

        /** How long peers that do not read are waited for, unless said otherwise; 10 s. */
        @JvmField
        public val DEFAULT_TIMEOUT: Duration = Duration.ofSeconds(10)
    }
}

/** A peer has not taken everything within [timeout] while its connection was being ended: the cause of a [ConnectionAborted]. */
public class DrainTimeoutException(
    /** How long it was given. */
    public val timeout: Duration,
) : IOException("The peer did not take all that was written within ${readable(timeout)}.")
