// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.time.Duration

/**
 * When the operating system probes an idle peer of TCP. A peer that answers no probe is lost after [idle] and [probes] times [interval].
 * Immutable.
 *
 * ```java
 * var options = TcpOptions.DEFAULT.withKeepAlive(new KeepAlive(Duration.ofMinutes(1), Duration.ofSeconds(10), 3));
 * ```
 *
 * Systems count whole seconds. Less than one counts as one, and more than 32,767, the most that Linux takes, as that. A system that has no
 * such options keeps its own times.
 *
 * @property idle how long nothing has come before the first probe (`TCP_KEEPIDLE`)
 * @property interval the time between two probes (`TCP_KEEPINTVL`)
 * @property probes how many may stay without an answer (`TCP_KEEPCNT`); 1 to 127
 * @throws IllegalArgumentException when a time is not positive, or there are too many or too few [probes]
 */
public class KeepAlive(public val idle: Duration, public val interval: Duration, public val probes: Int) {
    init {
        require(!idle.isNegative && !idle.isZero) { "idle must be positive, but is $idle" }
        require(!interval.isNegative && !interval.isZero) { "interval must be positive, but is $interval" }
        require(probes in 1..MOST_PROBES) { "probes must be from 1 to $MOST_PROBES, but is $probes" }
    }

    override fun equals(other: Any?): Boolean =
        other is KeepAlive && idle == other.idle && interval == other.interval && probes == other.probes

    override fun hashCode(): Int = (idle.hashCode() * 31 + interval.hashCode()) * 31 + probes

    override fun toString(): String = "KeepAlive(idle=$idle, interval=$interval, probes=$probes)"

    private companion object {
        const val MOST_PROBES = 127
    }
}
