// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples

import dev.torsion.log.escaped

/** Where a program writes its lines: `System.out::println` in its `main`, a list in the tests and in the tour. */
fun interface Output {
    /** Writes one line. Programs call it on the reactor's thread only. */
    fun println(line: String)

    /** The same place, for one of several speakers. */
    fun of(speaker: String): Output = Output { println("$speaker: $it") }

    companion object {
        /** Standard output. */
        @JvmField
        val CONSOLE: Output = escaping(::println)

        /**
         * Writes lines with [println]. They may hold bytes of a peer: commands for a terminal are escaped, and a line has a limit.
         */
        fun escaping(println: (String) -> Unit): Output = Output { println(escaped(it, MOST)) }
    }
}

private const val MOST = 10_000
