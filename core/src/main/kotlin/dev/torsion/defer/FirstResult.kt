// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.safeString

/** The value that came first, and the [index] of the Deferred that it came from. */
public class FirstResult<out T>(public val index: Int, public val value: T) {
    /** For Kotlin's `val (index, value) = ...`. */
    public operator fun component1(): Int = index

    /** For Kotlin's `val (index, value) = ...`. */
    public operator fun component2(): T = value

    override fun equals(other: Any?): Boolean = other is FirstResult<*> && index == other.index && value == other.value

    override fun hashCode(): Int = 31 * index + value.hashCode()

    override fun toString(): String = "FirstResult(#$index: ${safeString(value)})"
}

/**
 * The work of [DeferredList.firstResult] and of [race]: the first of [children] that succeeds fires the [Deferred] that is
 * returned.
 */
internal class FirstOf<T>(
    private val children: List<Deferred<out T>>,
    private val fireOnOneErrback: Boolean = false,
    private val isRace: Boolean = false,
) {
    private val failures = arrayOfNulls<Failure>(children.size)
    private var failed = 0
    private var won = false
    private var cancelling = false
    private val first =
        Deferred<FirstResult<T>> {
            cancelling = true
            children.forEach { it.cancel() }
        }

    fun collect(consumeErrors: Boolean): Deferred<FirstResult<T>> {
        children.watch(consumeErrors, consumeValues = isRace) { index, result ->
            if (result is Failure) failed(index, result) else succeeded(index, result)
        }
        if (children.isEmpty()) first.errback(FailureGroup(emptyList()))
        return first
    }

    private fun succeeded(index: Int, value: Any?) {
        val keeper = if (isRace) children[index].takeKeeper() else null // it is taken out of its Deferred
        if (won || first.called) {
            keeper?.lostRace(value)
            return
        }
        won = true
        if (isRace) children.forEachIndexed { other, child -> if (other != index) child.cancel() }
        if (first.called) { // the canceller of a loser has cancelled the race
            keeper?.undelivered(value)
            return
        }
        @Suppress("UNCHECKED_CAST")
        val result = FirstResult(index, value as T)
        if (keeper != null) first.keep(KeptWinner(result, keeper))
        first.callback(result)
    }

    private fun failed(index: Int, failure: Failure) {
        failures[index] = failure
        failed++
        if (won || cancelling || first.called) return
        if (fireOnOneErrback) {
            first.errback(FirstError(index, failure))
        } else if (failed == children.size) {
            first.errback(FailureGroup(failures.map { it!! }))
        }
    }
}

/** Takes the value of the winner of a race back, as long as nobody has taken it out of the [result]. */
private class KeptWinner(private val result: FirstResult<*>, private val keeper: Keeper) : Keeper {
    override fun undelivered(value: Any?) {
        if (value === result) keeper.undelivered(result.value)
    }

    override fun lostRace(value: Any?) {
        if (value === result) keeper.lostRace(result.value)
    }
}
