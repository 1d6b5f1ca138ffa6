// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Deferreds")

package dev.torsion.defer

/**
 * Waits for all of [deferreds] and gives their values in their order (Twisted's `gatherResults`). The first failure fails it with
 * [FirstError] at once. The others run on; cancelling the result before it has fired cancels them all.
 *
 * @param consumeErrors leave null instead of the failure in each Deferred that fails, so that it is not reported as unhandled
 */
@JvmOverloads
public fun <T> gatherResults(deferreds: Iterable<Deferred<out T>>, consumeErrors: Boolean = false): Deferred<List<T>> =
    DeferredList(deferreds, fireOnOneErrback = true, consumeErrors = consumeErrors).addCallback { outcomes -> outcomes.map { it.get() } }

/**
 * The first of [deferreds] that succeeds; the others are then cancelled (Twisted's `race`). When all fail, or there are none, it
 * fails with [FailureGroup]. A loser that succeeds from its canceller all the same is ignored, but for its [Deferred.onUndelivered]. It
 * takes over the results of all of them: they go on with null.
 *
 * Cancelling it before it has fired cancels them all; it then fails with [DeferredCancelledException], unless a canceller gives
 * it a value.
 */
public fun <T> race(deferreds: Iterable<Deferred<out T>>): Deferred<FirstResult<T>> =
    FirstOf(deferreds.toList(), isRace = true).collect(consumeErrors = true)
