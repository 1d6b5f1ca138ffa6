// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples

import dev.torsion.clock.Clock
import dev.torsion.clock.deferLater
import dev.torsion.defer.Deferred
import kotlin.time.Duration.Companion.milliseconds

/**
 * Answers questions, after a while. In the documents a web service does, asked by a call that blocks the whole server. Here nobody blocks: this one
 * thinks by itself, and others ask a web service.
 */
fun interface Robot {
    /** The answer to [question]. On the reactor's thread. */
    fun ask(question: String): Deferred<String>

    companion object {
        /** A robot that thinks for as long as [clock] says. */
        operator fun invoke(clock: Clock): Robot = of(clock)

        /** A robot that thinks for as long as [clock] says. */
        @JvmStatic
        fun of(clock: Clock): Robot = Robot { question -> clock.deferLater(20.milliseconds) { think(question) } }

        /** The answer that it knows. */
        fun think(question: String): String = ANSWERS[question] ?: "I do not know what \"$question\" is."

        private val ANSWERS =
            mapOf(
                "Who are you?" to "I am a robot.",
                "What is a reactor?" to "A loop that waits for events and calls you back.",
                "What is a Deferred?" to "A result that will come.",
            )
    }
}
