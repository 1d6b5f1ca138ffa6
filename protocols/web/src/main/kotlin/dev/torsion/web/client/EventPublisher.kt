// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import java.util.Objects
import java.util.concurrent.CancellationException
import java.util.concurrent.Flow

/** Asks for the events anew for each subscriber, and reads as the subscriber asks for them; by the rules of Reactive Streams. */
internal class EventPublisher(private val source: EventSource) : Flow.Publisher<ServerEvent> {
    override fun subscribe(subscriber: Flow.Subscriber<in ServerEvent>) {
        Objects.requireNonNull(subscriber)
        Subscription(subscriber).subscribe()
    }

    override fun toString(): String = "EventPublisher($source)"

    private inner class Subscription(subscriber: Flow.Subscriber<in ServerEvent>) :
        EventRun<Flow.Subscriber<in ServerEvent>>(source, subscriber),
        Flow.Subscription {
        // On the reactor's thread.
        private var demand = 0L
        private var demanded: Deferred<Unit>? = null

        fun subscribe() = begin(null)

        override fun introduce(target: Flow.Subscriber<in ServerEvent>) = guarded { target.onSubscribe(this) }

        override suspend fun give(event: ServerEvent) {
            while (demand == 0L) Deferred<Unit> { demanded = null }.also { demanded = it }.await()
            val subscriber = target ?: throw CancellationException("The subscription was cancelled.")
            if (demand != Long.MAX_VALUE) demand--
            guarded { subscriber.onNext(event) }
        }

        override fun ended(target: Flow.Subscriber<in ServerEvent>, error: Throwable?) = guarded {
            if (error == null) target.onComplete() else target.onError(error)
        }

        override fun request(n: Long) = onLoop {
            if (target == null) return@onLoop
            if (n <= 0) {
                fail(IllegalArgumentException("a subscriber must request one event or more, but requested $n (rule 3.9)"))
                return@onLoop
            }
            demand = (demand + n).let { if (it < 0) Long.MAX_VALUE else it }
            demanded?.also { demanded = null }?.callback(Unit)
        }

        override fun cancel() = end()

        /** A subscriber that throws has cancelled (rule 2.13). */
        private inline fun guarded(signal: () -> Unit) {
            try {
                signal()
            } catch (e: Throwable) {
                end()
                log.failure("a subscriber of {source} failed", e, "source" to safeString(source))
            }
        }
    }

    private companion object {
        val log = Logger(EventSource::class.java)
    }
}
