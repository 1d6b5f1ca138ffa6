// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/**
 * A step of a [Deferred]'s chain: takes the result so far and gives the next one.
 *
 * Three kinds of result are special, for every [R]. A [Deferred] makes the chain wait for it. A [Failure] makes the chain fail with it. An
 * exception makes the chain fail with that exception.
 *
 * Kotlin and Java lambdas both fit. It is called on the thread that fires the Deferred. When the Deferred has a result already, it is
 * called on the thread that adds the callback.
 */
public fun interface Callback<in T, out R> {
    /** Takes [value] and gives the next result; any exception makes the chain fail. */
    @Throws(Exception::class)
    public fun call(value: T): R
}

/**
 * Stops the work that would fire a [Deferred]; called by [Deferred.cancel] while that Deferred has no result.
 *
 * It may fire the Deferred itself, with a value or with an error. When it does not, the Deferred fails with
 * [DeferredCancelledException]. When it throws, the Deferred fails with that exception.
 */
public fun interface Canceller<T> {
    /** Stops the work behind [deferred]. */
    @Throws(Exception::class)
    public fun cancel(deferred: Deferred<T>)
}
