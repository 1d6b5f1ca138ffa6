// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.net.TcpOptions

/**
 * Whether more waits to be sent than [TcpOptions.writeLimit] allows, for implementations of [dev.torsion.net.Transport].
 *
 * The [limit] is for what piles up: a single write may be larger, and is taken when what waits before it is within the limit. It then does
 * not count, so that what belongs to it, such as the delimiter of a line, can follow. So what waits is never more than the limit and the
 * largest write together, which its writer has had in memory at one time as well.
 */
public class WriteLimit(
    private val limit: Long,
) {
    private var largest = 0L

    /** Takes note that a write has added [count] bytes, so that [waiting] wait; true when those are too many. */
    public fun isExceeded(
        count: Long,
        waiting: Long,
    ): Boolean {
        val before = waiting - count
        if (before == 0L) largest = 0
        if (count > limit && before <= limit) largest = maxOf(largest, count)
        return waiting - largest > limit
    }
}
