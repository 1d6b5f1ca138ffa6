// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.reactor.ReactorThreads

/**
 * Looks at something on the thread pool. Those who ask for the same while a look has not begun share it: so no answer is older than its
 * question, and of each thing there are two looks at most, one that runs and one that waits for its end.
 *
 * Thread: the loop's.
 */
internal class SharedLooks<K : Any, V>(private val threads: ReactorThreads, private val look: (K) -> V) {
    private class Look<V> {
        @Volatile
        var hasBegun = false
        val asking = LinkedHashSet<Deferred<V>>()
        var next: Look<V>? = null
    }

    private val looks = HashMap<K, Look<V>>()

    /** How many things are looked at. */
    val size: Int get() = looks.size

    /** The result of a look at [key] that begins from now on. Cancelling it leaves the look to the others. */
    fun ask(key: K): Deferred<V> {
        val running = looks[key]
        val mine = when {
            running == null -> Look()
            running.hasBegun -> running.next ?: Look<V>().also { running.next = it }
            else -> running
        }
        val answer = Deferred<V> { mine.asking.remove(it) }
        mine.asking.add(answer)
        if (running == null) begin(key, mine)
        return answer
    }

    private fun begin(key: K, mine: Look<V>) {
        looks[key] = mine
        val looking =
            try {
                threads.deferToThread {
                    mine.hasBegun = true
                    look(key)
                }
            } catch (e: Throwable) { // the pool takes nothing more
                return ended(key, mine) { it.errback(e) }
            }
        looking.addCallbacks({ found ->
            ended(key, mine) { it.callback(found) }
        }, { failure -> ended(key, mine) { it.errback(failure.value) } })
    }

    private fun ended(key: K, mine: Look<V>, tell: (Deferred<V>) -> Unit) {
        looks.remove(key)
        mine.next?.let { if (it.asking.isNotEmpty()) begin(key, it) }
        while (mine.asking.isNotEmpty()) { // one that hears of it may cancel another
            val first = mine.asking.first()
            mine.asking.remove(first)
            tell(first)
        }
    }
}
