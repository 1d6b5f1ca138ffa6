// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.examples.Output

/** The lines of a performance. Thread: the reactor's, as long as the performance goes on. */
class Transcript : Output {
    private val said = ArrayList<String>()
    private var awaited: String? = null
    private var arrival = Deferred<Unit>()

    /** The lines so far. */
    val lines: List<String> get() = said

    override fun println(line: String) {
        said.add(line)
        if (line == awaited) {
            awaited = null
            arrival.callback(Unit)
        }
    }

    /** Waits until [line] has been said: what a server says about the end of a connection may come after the client's part is over. */
    suspend fun until(line: String) {
        if (line in said) return
        awaited = line
        arrival = Deferred()
        arrival.await()
    }
}
