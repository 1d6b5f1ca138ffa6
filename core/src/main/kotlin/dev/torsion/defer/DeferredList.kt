// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/**
 * Collects the results of several Deferreds (Twisted's `DeferredList`). It fires when all have fired, with one [Outcome] for each, in their
 * order.
 *
 * ```kotlin
 * DeferredList(listOf(first, second), consumeErrors = true).addCallback { outcomes ->
 *     outcomes.count { it.isSuccess }
 * }
 * ```
 *
 * It adds a callback to each of them. So it sees the result of their earlier callbacks, and their later callbacks see the result that it
 * leaves. An empty list fires at once with no outcomes. Twisted's third flag, `fireOnOneCallback`, changes the type of the result. It is
 * [firstResult] here.
 *
 * Cancelling it before it has fired cancels every Deferred of the list. Cancelling it later, also after an early fire, cancels none.
 *
 * @param deferreds the Deferreds to collect; copied
 * @param fireOnOneErrback fail with [FirstError] as soon as one of them fails, without waiting for the others
 * @param consumeErrors leave null instead of the failure in each Deferred that fails, so that it is not reported as unhandled
 */
public class DeferredList<T> @JvmOverloads constructor(
    deferreds: Iterable<Deferred<out T>>,
    private val fireOnOneErrback: Boolean = false,
    consumeErrors: Boolean = false,
) : Deferred<List<Outcome<T>>>() {
    private val children = deferreds.toList()
    private val outcomes = arrayOfNulls<Any?>(children.size)
    private var missing = children.size

    init {
        if (missing == 0) callback(emptyList())
        children.watch(consumeErrors, arrived = ::arrived)
    }

    private fun arrived(index: Int, result: Any?) {
        outcomes[index] = result as? Failure ?: Success(result)
        missing--
        if (called) return
        @Suppress("UNCHECKED_CAST")
        if (result is Failure && fireOnOneErrback) {
            errback(FirstError(index, result))
        } else if (missing == 0) {
            callback(listOf(*outcomes) as List<Outcome<T>>)
        }
    }

    @JvmSynthetic
    internal override fun cancelUnfired() {
        children.forEach { it.cancel() }
    }

    public companion object {
        /**
         * Waits for the first of [deferreds] that succeeds (Twisted's `DeferredList` with `fireOnOneCallback`) and lets the others run on;
         * [race] cancels them. When all fail, or there are none, it fails with [FailureGroup]. With [fireOnOneErrback], a failure before
         * the first success is a [FirstError]. The other parameters and cancelling are as in [DeferredList].
         */
        @JvmStatic
        @JvmOverloads
        public fun <T> firstResult(
            deferreds: Iterable<Deferred<out T>>,
            fireOnOneErrback: Boolean = false,
            consumeErrors: Boolean = false,
        ): Deferred<FirstResult<T>> = FirstOf(deferreds.toList(), fireOnOneErrback).collect(consumeErrors)
    }
}

/**
 * Adds a step to each of these Deferreds that tells [arrived] its index and bare result; with [consumeErrors] a failure stops
 * there, with [consumeValues] a value does.
 */
internal fun List<Deferred<*>>.watch(consumeErrors: Boolean, consumeValues: Boolean = false, arrived: (Int, Any?) -> Unit) {
    forEachIndexed { index, child ->
        child.addStep<Any?> { result ->
            arrived(index, result)
            val isConsumed = if (result is Failure) consumeErrors else consumeValues
            if (isConsumed) null else result
        }
    }
}
