// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.Logger
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import java.util.Objects
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicReference
import java.util.concurrent.Flow.Publisher as FlowPublisher
import java.util.concurrent.Flow.Subscriber as FlowSubscriber
import java.util.concurrent.Flow.Subscription as FlowSubscription

/**
 * The items of this publisher, each of which is asked for when the one before is taken. A publisher that breaks a rule of Reactive Streams is
 * cancelled, and the flow fails with the rule.
 */
internal fun <T : Any> FlowPublisher<T>.asFlow(): Flow<T> = flow {
    val items = Items<T>()
    try {
        ofProgram(FAILED) { subscribe(items) }
        while (true) {
            emit(items.next() ?: break)
            items.request()
        }
    } finally {
        items.cancel()
    }
}

private const val FAILED = "The publisher has failed."

/** Its signals come on any thread. None of them throws, except for a null (rule 2.13), whatever the subscription does. */
private class Items<T : Any> : FlowSubscriber<T> {
    private val items = Channel<T>(1)
    private val subscription = AtomicReference<FlowSubscription>()
    private val isWanted = AtomicBoolean() // an item was asked for and has not come

    override fun onSubscribe(subscription: FlowSubscription?) {
        notNull(subscription)
        if (!this.subscription.compareAndSet(null, subscription)) return quietly { subscription!!.cancel() } // rule 2.5
        request()
    }

    override fun onNext(item: T?) {
        notNull(item)
        when {
            isWanted.getAndSet(false) -> items.trySend(item!!) // in vain behind the end
            subscription.get() !== OVER -> broken(if (subscription.get() == null) EARLY else TOO_MANY)
        }
    }

    override fun onError(error: Throwable?) {
        notNull(error)
        items.close(notOurs(FAILED, error!!))
    }

    override fun onComplete() {
        items.close(null)
    }

    /** The next one; null at the end. */
    suspend fun next(): T? {
        val result = items.receiveCatching()
        if (result.isClosed) result.exceptionOrNull()?.let { throw it }
        return result.getOrNull()
    }

    fun request() {
        isWanted.set(true)
        try {
            subscription.get().request(1)
        } catch (e: Throwable) {
            broken("The subscription of a publisher has failed (rule 3.16).", e)
        }
    }

    fun cancel() {
        subscription.getAndSet(OVER)?.let { quietly { it.cancel() } }
    }

    private fun notNull(signal: Any?) {
        if (signal == null) broken("A publisher has given null (rule 2.13).")
        Objects.requireNonNull(signal)
    }

    private fun broken(rule: String, cause: Throwable? = null) {
        cancel()
        items.close(IllegalStateException(rule, cause))
    }

    /** The end does not depend on the publisher's reaction (rule 3.15). */
    private inline fun quietly(cancel: () -> Unit) {
        try {
            cancel()
        } catch (e: Throwable) {
            log.failure("The subscription of a publisher cannot be cancelled", e)
        }
    }

    /** One that comes after the end is cancelled. */
    private object OVER : FlowSubscription {
        override fun request(n: Long) = Unit

        override fun cancel() = Unit
    }

    private companion object {
        val log = Logger(EventStream::class.java)
        const val EARLY = "A publisher has given an item before its subscription (rule 1.9)."
        const val TOO_MANY = "A publisher has given more than it was asked for (rule 1.1)."
    }
}
