// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.tour

import dev.torsion.reactor.Reactor

/**
 * One stop of the tour: a program, in each of its voices.
 *
 * @property name of the program's files, and of its transcript
 * @property title what the stop is called
 * @property shows what there is to see
 * @property performances the program in its voices, each of which is expected to say the same
 */
class Stop(val name: String, val title: String, val shows: String, val performances: List<Performance>) {
    /** The expected lines of each performance. */
    val expected: List<String> by lazy {
        val resource = checkNotNull(Stop::class.java.getResourceAsStream("$name.txt")) { "there is no transcript $name.txt" }
        resource.bufferedReader().readLines()
    }
}

/**
 * A program in one voice.
 *
 * @property voice such as "Java futures"
 * @property program runs it, on the reactor's thread, and returns at its end
 */
class Performance(val voice: String, val program: suspend (Reactor, Transcript) -> Unit)

/** Builds a stop. */
internal fun stop(name: String, title: String, shows: String, vararg performances: Performance): Stop =
    Stop(name, title, shows, performances.toList())

/** Says in which voice a program is. */
internal infix fun String.plays(program: suspend (Reactor, Transcript) -> Unit): Performance = Performance(this, program)
