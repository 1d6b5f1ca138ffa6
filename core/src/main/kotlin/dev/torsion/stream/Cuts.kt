// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.log.safeString

/** The connections that were cut at the end of a loop: how many, with how many bytes, and whose. Thread: the loop's. */
internal class Cuts {
    var connections = 0
        private set
    var bytes = 0L
        private set
    private val first = ArrayList<String>()

    /** The peers, as text. */
    val peers: String get() = first.joinToString() + if (connections > first.size) " and ${connections - first.size} more" else ""

    fun add(stream: StreamTransport, unsent: Long) {
        connections++
        bytes += unsent
        if (first.size < NAMED) first.add(safeString(stream.peer()))
    }

    private companion object {
        const val NAMED = 5
    }
}
