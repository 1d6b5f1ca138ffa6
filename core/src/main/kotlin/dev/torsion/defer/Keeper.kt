// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.Logger
import java.util.function.Consumer

/** Takes a value back that was on its way to somebody who was cancelled before having it. */
internal interface Keeper {
    /** Takes [value] back, if it is the kept one. Any other value was made by a callback, and that callback has got the kept one. */
    fun undelivered(value: Any?)

    /** [value] has lost a [race], which drops it. */
    fun lostRace(value: Any?): Unit = undelivered(value)
}

/** The step of [Deferred.onUndelivered]: passes the value on and remembers it. */
internal class KeptValue<T>(private val deferred: Deferred<T>, private val release: Consumer<in T>) :
    Step(),
    Keeper {
    private var kept: Any? = null

    override fun run(result: Any?): Any? {
        if (result !is Failure) {
            kept = result
            deferred.keep(this)
        }
        return result
    }

    override fun undelivered(value: Any?) {
        if (value === kept) release(value)
    }

    /** It has come after a cancellation, and is dropped. */
    fun cameTooLate(result: Any?) {
        if (result !is Failure) release(result)
    }

    @Suppress("UNCHECKED_CAST")
    private fun release(value: Any?) {
        try {
            release.accept(value as T)
        } catch (error: Throwable) {
            log.failure("What nobody got could not be released", error)
        }
    }
}

private val log = Logger(Deferred::class.java.packageName)
