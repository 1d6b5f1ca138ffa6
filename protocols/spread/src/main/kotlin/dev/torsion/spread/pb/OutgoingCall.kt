// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.jelly.Conversion
import java.lang.reflect.Type

/**
 * A call that waits for its answer. The answer's references are the other side's objects, which it keeps for us, and its copies are kept up to
 * date by it: when nobody takes the answer, they are given back.
 */
internal class OutgoingCall {
    val deferred: Deferred<Any?> = Deferred<Any?> { isWanted = false }.onUndelivered { giveBack() }
    var isWanted = true
        private set
    private var answer: IncomingObjects? = null

    fun answered(value: Any?, answer: IncomingObjects) {
        this.answer = answer
        if (isWanted) deferred.callback(value) else giveBack()
    }

    /** The answer as what [convert] makes of it. One that it refuses is nobody's, and is given back. */
    fun <T> converted(convert: (Any?) -> T): Deferred<T> = deferred
        .addCallback { value ->
            try {
                convert(value)
            } catch (e: Throwable) {
                giveBack()
                throw e
            }
        }.onUndelivered { giveBack() }

    /** The end of the call. Its answer is nobody's, and is given back. */
    fun ended(): Deferred<Any?> = deferred.addCallback {
        giveBack()
        null
    }

    fun failed(error: Throwable) {
        if (isWanted) deferred.errback(error)
    }

    private fun giveBack() {
        answer?.giveBack()
    }

    companion object {
        fun failed(error: Throwable) = OutgoingCall().apply { deferred.errback(error) }
    }
}

/** Answers as the types that the caller wants. */
internal object Answers {
    fun convert(name: String, value: Any?, type: Type): Any? {
        if (value is RemoteReference && type is Class<*> && type.isInterface && !type.isInstance(value)) {
            return RemoteProxies.make(value, type)
        }
        return try {
            Conversion.convert(value, type)
        } catch (e: IllegalArgumentException) {
            throw ProtocolViolationException("The answer of $name does not fit: ${e.message}", e)
        }
    }
}
