// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.reactor.Reactor
import java.util.concurrent.Flow
import java.util.concurrent.atomic.AtomicReference

/** Runs the query for each subscriber, as it asks for rows; by the rules of Reactive Streams. */
internal class RowPublisher<T>(private val reactor: Reactor, private val engine: PoolEngine, private val query: Query<T>) :
    Flow.Publisher<T> {
    override fun subscribe(subscriber: Flow.Subscriber<in T>) {
        java.util.Objects.requireNonNull(subscriber)
        val subscription = Subscription(subscriber)
        try {
            onLoop(subscription::begin)
        } catch (e: ReactorNotRunningException) {
            subscriber.onSubscribe(NOTHING)
            subscriber.onError(e)
        }
    }

    private fun onLoop(call: Runnable) = if (reactor.isInReactorThread) call.run() else reactor.callFromThread(call)

    override fun toString(): String = "RowPublisher($query)"

    /** All but [request] and [cancel] on the reactor's thread. */
    private inner class Subscription(subscriber: Flow.Subscriber<in T>) :
        Flow.Subscription,
        RowSource.Receiver<T> {
        private val open = AtomicReference<Flow.Subscriber<in T>?>(subscriber) // null once it is done
        private val subscriber: Flow.Subscriber<in T>? get() = open.get()
        private val source = RowSource(engine, query, ::ended)
        private var ready = emptyList<T>().iterator()
        private var demand = 0L
        private var isAsking = false
        private var isGiving = false
        private var isOver = false

        fun begin() {
            val refusal =
                try {
                    source.start()
                    null
                } catch (e: Throwable) { // also when the system is out of threads
                    e
                }
            val target = subscriber ?: return
            guarded { target.onSubscribe(this) }
            if (refusal != null) done(refusal) else pump()
        }

        override fun request(n: Long) = unlessStopped { requested(n) }

        private fun requested(n: Long) {
            if (subscriber == null) return
            if (n <= 0) {
                source.cancel()
                done(IllegalArgumentException("a subscriber must request one row or more, but requested $n (rule 3.9)"))
                return
            }
            demand = (demand + n).let { if (it < 0) Long.MAX_VALUE else it }
            pump()
        }

        override fun cancel() {
            if (open.getAndSet(null) != null) source.cancel()
        }

        override fun rows(rows: List<T>) = unlessStopped {
            isAsking = false
            ready = rows.iterator()
            pump()
        }

        override fun ended(error: Throwable?) = unlessStopped {
            isOver = true
            if (error == null) pump() else done(error) // an error waits for no demand
        }

        private fun pump() {
            if (isGiving) return // from within onNext
            isGiving = true
            try {
                while (demand > 0 && ready.hasNext()) {
                    val target = subscriber ?: return
                    val row = ready.next() ?: return refuseNull()
                    if (demand != Long.MAX_VALUE) demand--
                    guarded { target.onNext(row) }
                }
            } finally {
                isGiving = false
            }
            if (subscriber == null || ready.hasNext()) return
            if (isOver) {
                done(null)
            } else if (demand > 0 && !isAsking) {
                isAsking = true
                source.request(this)
            }
        }

        /** Rule 2.13 forbids it as a signal. */
        private fun refuseNull() {
            source.cancel()
            done(MappingException("a row of $query was mapped to null, which a Flow.Publisher cannot carry: map it to an Optional"))
        }

        private fun done(error: Throwable?) {
            val target = open.getAndSet(null) ?: return
            guarded { if (error == null) target.onComplete() else target.onError(error) }
        }

        /** A subscriber that throws has cancelled (rule 2.13). */
        private fun guarded(signal: () -> Unit) {
            try {
                signal()
            } catch (e: Throwable) {
                cancel()
                log.failure("a subscriber of {query} failed", e, "query" to safeString(query))
            }
        }

        private fun unlessStopped(call: () -> Unit) {
            try {
                onLoop(call)
            } catch (e: ReactorNotRunningException) {
                source.cancel()
                done(e) // here, since there is no other thread any more
            }
        }
    }

    private companion object {
        val log = Logger(ConnectionPool::class.java)
        val NOTHING =
            object : Flow.Subscription {
                override fun request(n: Long) = Unit

                override fun cancel() = Unit
            }
    }
}
