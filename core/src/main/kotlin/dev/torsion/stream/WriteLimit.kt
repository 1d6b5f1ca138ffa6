// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.StreamOptions

/**
 * Whether more bytes wait to be sent than [StreamOptions.writeLimit] allows, for implementations of [dev.torsion.net.Transport].
 *
 * The limit is for bytes that pile up. A single write may be larger: it is taken when the bytes before it are within the limit, and then it
 * does not count, so that its end, such as the delimiter of a line, can follow. So at most the limit and the largest write wait together.
 *
 * Thread: the transport's.
 *
 * @param limit in bytes
 */
public class WriteLimit(private val limit: Long) {
    private var largest = 0L

    /** Takes note that a write has added [count] bytes and [waiting] bytes wait now; true when those are too many. */
    public fun isExceeded(count: Long, waiting: Long): Boolean {
        val before = waiting - count
        if (before == 0L) largest = 0
        if (count > limit && before <= limit) largest = maxOf(largest, count)
        return waiting - largest > limit
    }
}
