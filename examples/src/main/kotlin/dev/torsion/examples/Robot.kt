// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples

import dev.torsion.clock.Clock
import dev.torsion.clock.deferLater
import dev.torsion.defer.Deferred
import kotlin.time.Duration.Companion.milliseconds

/**
 * Answers questions, after a while. In the documents a web service does, asked by a call that blocks the whole server; this one gives a
 * Deferred, as an asynchronous client would.
 */
class Robot(private val clock: Clock) {
    /** The answer to [question]. Thread: the clock's. */
    fun ask(question: String): Deferred<String> = clock.deferLater(20.milliseconds) {
        ANSWERS[question]
            ?: "I do not know what \"$question\" is."
    }

    private companion object {
        val ANSWERS =
            mapOf(
                "Who are you?" to "I am a robot.",
                "What is a reactor?" to "A loop that waits for events and calls you back.",
                "What is a Deferred?" to "A result that will come.",
            )
    }
}
