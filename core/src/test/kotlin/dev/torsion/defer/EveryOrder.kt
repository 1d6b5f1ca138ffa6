// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.withClue
import kotlinx.coroutines.CoroutineDispatcher
import kotlin.coroutines.CoroutineContext

/**
 * A model of some things that can happen in any order: each of the [moves] once, and a task that waits at any time. [everyOrder] plays it
 * in all of them.
 */
internal class Model(private val choose: (Int) -> Int) {
    private val moves = LinkedHashMap<String, () -> Unit>()
    private val queues = LinkedHashMap<String, ArrayDeque<Runnable>>()
    val history = ArrayList<String>()

    /** Something that happens once, at any time. */
    fun move(name: String, happens: () -> Unit) {
        moves[name] = happens
    }

    /** Tasks of which one can run at any time. */
    fun tasks(name: String): ArrayDeque<Runnable> = queues.getOrPut(name) { ArrayDeque() }

    fun dispatcher(name: String): CoroutineDispatcher = object : CoroutineDispatcher() {
        override fun dispatch(context: CoroutineContext, block: Runnable) = tasks(name).addLast(block)
    }

    /** Inside of something else a move may happen, if it has not yet. */
    fun perhaps(name: String) {
        if (name in moves && choose(2) == 1) happen(name)
    }

    fun play() {
        while (true) {
            val options = moves.keys + queues.filterValues { it.isNotEmpty() }.keys
            if (options.isEmpty()) return
            happen(options.elementAt(choose(options.size)))
        }
    }

    private fun happen(name: String) {
        history.add(name)
        (moves.remove(name) ?: { queues.getValue(name).removeFirst().run() })()
    }
}

/** Runs [scene] once for every way in which its choices can be made, and gives how many there were. */
internal fun everyOrder(scene: Model.() -> Unit): Int {
    val made = ArrayList<Int>()
    val options = ArrayList<Int>()
    var runs = 0
    while (true) {
        var at = 0
        val model =
            Model { count ->
                if (at == made.size) {
                    made.add(0)
                    options.add(count)
                }
                check(options[at] == count) { "the model is not the same when it is played again" }
                made[at++]
            }
        withClue({ "in this order: ${model.history}" }) { model.scene() }
        runs++
        while (made.isNotEmpty() && made.last() == options.last() - 1) {
            made.removeAt(made.lastIndex)
            options.removeAt(options.lastIndex)
        }
        if (made.isEmpty()) return runs
        made[made.lastIndex]++
    }
}
