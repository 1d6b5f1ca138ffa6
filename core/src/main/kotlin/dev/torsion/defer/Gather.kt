// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Deferreds")

package dev.torsion.defer

/**
 * Waits for all of [deferreds] and gives their values in their order (Twisted's `gatherResults`). It fails at the first failure, with
 * [FirstError], and the others run on. Cancelling the result before it has fired cancels them all.
 *
 * @param consumeErrors leave null instead of the failure in each Deferred that fails, so that it is not reported as unhandled
 */
@JvmOverloads
public fun <T> gatherResults(deferreds: Iterable<Deferred<out T>>, consumeErrors: Boolean = false): Deferred<List<T>> =
    DeferredList(deferreds, fireOnOneErrback = true, consumeErrors = consumeErrors).addCallback { outcomes -> outcomes.map { it.get() } }

/**
 * Waits for the first of [deferreds] that succeeds, and then cancels the others (Twisted's `race`). When all fail, or there are none, it
 * fails with [FailureGroup]. A loser may still succeed from its canceller: this is ignored, except by its [Deferred.onUndelivered]. The
 * race takes the results of all of them over, and they go on with null.
 *
 * Cancelling it before it has fired cancels them all. It then fails with [DeferredCancelledException], unless a canceller gives it a value.
 */
public fun <T> race(deferreds: Iterable<Deferred<out T>>): Deferred<FirstResult<T>> =
    FirstOf(deferreds.toList(), isRace = true).collect(consumeErrors = true)
