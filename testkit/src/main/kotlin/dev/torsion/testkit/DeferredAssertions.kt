// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("DeferredAssertions")

package dev.torsion.testkit

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.log.safeString
import kotlinx.coroutines.ExperimentalCoroutinesApi
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicReference
import kotlinx.coroutines.Deferred as KotlinDeferred

/**
 * The value that [deferred] has now; Twisted's `successResultOf`. It takes the result: the Deferred goes on with null.
 *
 * ```kotlin
 * successResultOf(client.request("hello")) shouldBe "HELLO"
 * ```
 *
 * Nothing is waited for. Let a [VirtualClock] or a [MemoryReactor] get so far before.
 *
 * @throws AssertionError when it has no result yet, and when it has failed, with the failure's exception as the cause
 */
public fun <T> successResultOf(deferred: Deferred<T>): T = deferred.outcomeNow().success(deferred)

/** The same for a stage or future, whose result stays. Only its `whenComplete` is used. */
public fun <T> successResultOf(stage: CompletionStage<T>): T = stage.outcomeNow().success(stage)

/** The same for a Deferred of kotlinx.coroutines, whose result stays. */
public fun <T> successResultOf(deferred: KotlinDeferred<T>): T = deferred.outcomeNow().success(deferred)

/**
 * The failure that [deferred] has by now, an exception of one of the [expected] types or, when none is given, of any; Twisted's
 * `failureResultOf`. It takes the result: the failure counts as handled, and the Deferred goes on with null.
 *
 * @throws AssertionError when it has no result yet, has a value, or has failed with something else, which is the cause then
 */
@SafeVarargs
public fun failureResultOf(deferred: Deferred<*>, vararg expected: Class<out Throwable>): Failure =
    deferred.outcomeNow().failure(deferred, expected)

/** The same for a stage or future: its exception without `CompletionException` around it. */
@SafeVarargs
public fun failureResultOf(stage: CompletionStage<*>, vararg expected: Class<out Throwable>): Failure =
    stage.outcomeNow().failure(stage, expected)

/** The same for a Deferred of kotlinx.coroutines. */
@SafeVarargs
public fun failureResultOf(deferred: KotlinDeferred<*>, vararg expected: Class<out Throwable>): Failure =
    deferred.outcomeNow().failure(deferred, expected)

/** [failureResultOf] for Kotlin: `failureResultOf<IOException>(deferred).message`. */
@JvmSynthetic
public inline fun <reified E : Throwable> failureResultOf(deferred: Deferred<*>): E = failureResultOf(deferred, E::class.java).value as E

/** [failureResultOf] of a stage for Kotlin. */
@JvmSynthetic
public inline fun <reified E : Throwable> failureResultOf(stage: CompletionStage<*>): E = failureResultOf(stage, E::class.java).value as E

/** [failureResultOf] of a Deferred of kotlinx.coroutines for Kotlin. */
@JvmSynthetic
public inline fun <reified E : Throwable> failureResultOf(deferred: KotlinDeferred<*>): E =
    failureResultOf(deferred, E::class.java).value as E

/**
 * Fails when [deferred] has a result already; Twisted's `assertNoResult`. The result stays in place, also one that comes later.
 *
 * @throws AssertionError when it has a value or a failure
 */
public fun assertNoResult(deferred: Deferred<*>) {
    val outcome = AtomicReference<Outcome<*>>()
    @Suppress("UNCHECKED_CAST")
    (deferred as Deferred<Any?>).addBoth {
        outcome.set(it)
        it.get()
    }
    noResult(outcome.get(), deferred)
}

/** The same for a stage or future. */
public fun assertNoResult(stage: CompletionStage<*>): Unit = noResult(stage.outcomeNow(), stage)

/** The same for a Deferred of kotlinx.coroutines. */
public fun assertNoResult(deferred: KotlinDeferred<*>): Unit = noResult(deferred.outcomeNow(), deferred)

/**
 * A Deferred that fires with the exception that [deferred] will fail with, of one of the [expected] types; Twisted's `assertFailure`. It
 * fails with an [AssertionError] when [deferred] has a value in the end, or fails with something else.
 *
 * ```kotlin
 * reactor.await(assertFailure(client.connect(), ConnectionRefusedException::class.java))
 * ```
 *
 * @throws IllegalArgumentException when no type is expected
 */
@SafeVarargs
public fun assertFailure(deferred: Deferred<*>, vararg expected: Class<out Throwable>): Deferred<Throwable> {
    require(expected.isNotEmpty()) { "assertFailure needs to know what is expected" }
    @Suppress("UNCHECKED_CAST")
    return (deferred as Deferred<Any?>).addBoth { it.failure(deferred, expected).value }
}

/** The same for a stage or future. */
@SafeVarargs
public fun assertFailure(stage: CompletionStage<*>, vararg expected: Class<out Throwable>): CompletableFuture<Throwable> {
    require(expected.isNotEmpty()) { "assertFailure needs to know what is expected" }
    return stage.handle { value, error -> outcome(value, error).failure(stage, expected).value }.toCompletableFuture()
}

/** [assertFailure] for a Deferred of kotlinx.coroutines: waits for it, and gives the exception. */
@JvmSynthetic
public suspend inline fun <reified E : Throwable> assertFailure(deferred: KotlinDeferred<*>): E {
    deferred.join()
    return failureResultOf<E>(deferred)
}

private fun <T> Deferred<T>.outcomeNow(): Outcome<T>? {
    var outcome: Outcome<T>? = null
    var isAsking = true
    addBoth<Any?> {
        if (isAsking) {
            outcome = it
            null
        } else {
            it.get() // a result that comes later is not touched
        }
    }
    isAsking = false
    return outcome
}

private fun <T> CompletionStage<T>.outcomeNow(): Outcome<T>? {
    val outcome = AtomicReference<Outcome<T>>()
    whenComplete { value, error -> outcome.set(outcome(value, error)) }
    return outcome.get()
}

private fun <T> outcome(value: T, error: Throwable?): Outcome<T> = when (error) {
    null -> Success(value)
    is CompletionException -> Failure(error.cause ?: error)
    else -> Failure(error)
}

@OptIn(ExperimentalCoroutinesApi::class)
private fun <T> KotlinDeferred<T>.outcomeNow(): Outcome<T>? =
    if (isCompleted) getCompletionExceptionOrNull()?.let(::Failure) ?: Success(getCompleted()) else null

private fun <T> Outcome<T>?.success(source: Any): T = when (this) {
    null -> throw AssertionError("a success was expected, but there is no result yet: ${safeString(source)}")
    is Failure -> throw AssertionError("a success was expected, but it has failed with ${safeString(value)}", value)
    is Success -> value
}

private fun Outcome<*>?.failure(source: Any, expected: Array<out Class<out Throwable>>): Failure {
    val wanted = if (expected.isEmpty()) "a failure" else expected.joinToString(" or ") { it.name }
    return when (this) {
        null -> throw AssertionError("$wanted was expected, but there is no result yet: ${safeString(source)}")
        is Success -> throw AssertionError("$wanted was expected, but the result is ${safeString(value)}")
        is Failure -> {
            if (expected.isNotEmpty() && expected.none { it.isInstance(value) }) {
                throw AssertionError("$wanted was expected, but it has failed with ${safeString(value)}", value)
            }
            this
        }
    }
}

private fun noResult(outcome: Outcome<*>?, source: Any) {
    when (outcome) {
        null -> Unit
        is Success -> throw AssertionError("no result was expected, but there is ${safeString(outcome.value)}: ${safeString(source)}")
        is Failure -> throw AssertionError("no result was expected, but it has failed with ${safeString(outcome.value)}", outcome.value)
    }
}
