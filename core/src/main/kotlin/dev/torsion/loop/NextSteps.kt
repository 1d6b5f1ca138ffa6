// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

/**
 * How the startup and the shutdown go on: at the end of a turn, when no callback is running. A step is taken one in a turn, and never in the
 * turn in which it was added. Both may have one: a reactor can be stopped while its startup still waits. Belongs to the loop's thread.
 */
internal class NextSteps {
    private val steps = ArrayDeque<Runnable>()
    private var isForLater = false
    private var first: Runnable? = null

    /** Asked in each turn. */
    val isEmpty: Boolean get() = first == null && steps.isEmpty()

    /** [isInTurn]: the present turn is not the one. */
    fun add(step: Runnable, isInTurn: Boolean) {
        steps.addLast(step)
        isForLater = isInTurn
    }

    /** Takes [step] at the end of this turn, behind the one whose time has come. */
    fun addForThisTurn(step: Runnable) {
        first = step
    }

    /** The end of a turn. */
    fun take() {
        if (isForLater) {
            isForLater = false
        } else {
            steps.removeFirstOrNull()?.run()
        }
        val added = first ?: return
        first = null
        added.run()
    }

    /** Takes no step that was added for the end of this turn. */
    fun forgetThisTurn() {
        first = null
    }

    fun forget() {
        first = null
        steps.clear()
    }
}
