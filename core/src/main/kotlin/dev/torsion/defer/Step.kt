// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

/**
 * A step of a chain that is more than a callback for good results: the bare result (a value or a [Failure]) in, the next result out. An
 * exception of it is the next result too.
 *
 * A class and not an interface: to ask whether an object is a [Step] is a single comparison then.
 */
internal abstract class Step {
    abstract fun run(result: Any?): Any?
}

/** Adds [block] as a [Step]. */
internal inline fun <R> Deferred<*>.addStep(crossinline block: (Any?) -> Any?): Deferred<R> = addStep(
    object : Step() {
        override fun run(result: Any?) = block(result)
    },
)

/** A failure is for [errback]; a good result passes by. */
internal class Errback(private val errback: Callback<Failure, *>) : Step() {
    override fun run(result: Any?): Any? = if (result is Failure) errback.call(result) else result
}

/** A good result is for [callback], a failure for [errback]. */
internal class Callbacks<T>(private val callback: Callback<T, *>, private val errback: Callback<Failure, *>) : Step() {
    @Suppress("UNCHECKED_CAST")
    override fun run(result: Any?): Any? = if (result is Failure) errback.call(result) else callback.call(result as T)
}

/** Either is for [callback]. */
internal class Both<T>(private val callback: Callback<Outcome<T>, *>) : Step() {
    @Suppress("UNCHECKED_CAST")
    override fun run(result: Any?): Any? = callback.call(result as? Failure ?: Success(result as T))
}

/** In the place of a step: [deferred] waits for the result. */
internal class Waiting(val deferred: Deferred<*>)
