// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import java.util.Objects
import java.util.concurrent.atomic.AtomicReference
import java.util.concurrent.Flow.Publisher as FlowPublisher
import java.util.concurrent.Flow.Subscriber as FlowSubscriber
import java.util.concurrent.Flow.Subscription as FlowSubscription

/** The items of this publisher, each of which is asked for when the one before is taken. */
internal fun <T : Any> FlowPublisher<T>.asFlow(): Flow<T> = flow {
    val items = Items<T>()
    subscribe(items)
    try {
        while (true) {
            emit(items.next() ?: break)
            items.request()
        }
    } finally {
        items.cancel()
    }
}

/** By the rules of Reactive Streams. Its signals come on any thread. */
private class Items<T : Any> : FlowSubscriber<T> {
    private val items = Channel<T>(1)
    private val subscription = AtomicReference<FlowSubscription>()

    override fun onSubscribe(subscription: FlowSubscription) {
        if (this.subscription.compareAndSet(null, subscription)) subscription.request(1) else subscription.cancel()
    }

    override fun onNext(item: T) {
        Objects.requireNonNull(item)
        if (items.trySend(item).isSuccess) return
        cancel()
        items.close(IllegalStateException("A publisher has given more than it was asked for (rule 1.1)."))
    }

    override fun onError(error: Throwable) {
        items.close(error)
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

    fun request(): Unit = subscription.get().request(1)

    fun cancel() {
        subscription.getAndSet(OVER)?.cancel()
    }

    /** One that comes after the end is cancelled. */
    private object OVER : FlowSubscription {
        override fun request(n: Long) = Unit

        override fun cancel() = Unit
    }
}
