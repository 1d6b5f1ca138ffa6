// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.jelly.Conversion
import java.lang.reflect.Type

/**
 * A call that waits for its answer. The answer's references are the other side's objects, which it keeps for us: when nobody takes the
 * answer, they are given back.
 */
internal class OutgoingCall {
    val deferred: Deferred<Any?> = Deferred<Any?> { isWanted = false }.onUndelivered { giveBack() }
    var isWanted = true
        private set
    private var references: List<RemoteReference> = emptyList()

    fun answered(value: Any?, references: List<RemoteReference>) {
        this.references = references
        if (isWanted) deferred.callback(value) else giveBack()
    }

    fun failed(error: Throwable) {
        if (isWanted) deferred.errback(error)
    }

    fun giveBack() = references.forEach(RemoteReference::close)

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
