// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.jelly.Conversion
import kotlinx.coroutines.CancellableContinuation
import java.lang.reflect.Type
import kotlin.coroutines.resumeWithException

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

/** Brings an answer from the loop to a coroutine, or gives it back when that was cancelled on the way. On the loop's thread. */
internal class HandedOver(private val continuation: CancellableContinuation<Any?>) {
    private var call: OutgoingCall? = null

    fun begin(call: OutgoingCall) {
        this.call = call
        call.deferred.addBoth { outcome ->
            this.call = null
            if (outcome is Failure) {
                continuation.resumeWithException(outcome.value)
            } else {
                continuation.resume(outcome.get()) { _, _, _ -> call.giveBack() }
            }
            null
        }
    }

    fun cancel() {
        call?.deferred?.cancel()
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
