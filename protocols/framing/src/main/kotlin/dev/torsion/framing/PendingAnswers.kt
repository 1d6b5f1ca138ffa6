// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.Clock
import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.clock.DelayedCall
import dev.torsion.defer.Deferred
import dev.torsion.log.safeString
import java.util.concurrent.TimeUnit
import dev.torsion.defer.fail as failed

/**
 * The requests that wait for their answers, by a key that both carry, such as an id. It knows no connection: a protocol of your own
 * [adds][add] a key when it sends a request, and [gives][answer] each answer that comes.
 *
 * ```kotlin
 * fun ask(question: Question): Deferred<Answer> = pending.add(question.id).also { sendLine(question.text) }
 *
 * override fun lineReceived(line: String) {
 *     val answer = parse(line)
 *     if (!pending.answer(answer.id, answer)) log.debug("an answer that nobody waits for")
 * }
 *
 * override fun connectionLost(reason: CloseReason) = pending.fail(reason)
 * ```
 *
 * A request ends in one of these ways, and its key is free then:
 * - its answer comes;
 * - [CorrelationOptions.timeout] is up: it fails with [DeferredTimeoutException];
 * - it is cancelled;
 * - [fail] fails all that wait, and all that are added later.
 *
 * After a time-out or a cancellation the answer may still come. So its key is refused for a new request until then: that would get the
 * answer of the old one. Only so many such keys are remembered as requests may wait, and the oldest are forgotten first.
 *
 * For connections of messages see [requestsBy].
 *
 * Thread: the clock's.
 *
 * @param clock measures the time-outs: the reactor
 */
public class PendingAnswers<K : Any, A : Any>
@JvmOverloads
constructor(
    private val clock: Clock,
    private val options: CorrelationOptions = CorrelationOptions.DEFAULT,
) {
    private val waiting = LinkedHashMap<K, Waiting<A>>()
    private val given = LinkedHashSet<K>() // up: their answers may still come
    private var end: Throwable? = null

    /** How many requests wait. */
    public val size: Int get() = waiting.size

    /**
     * A Deferred for the answer with [key], or one that fails with [IllegalStateException] when too many requests wait, or [key] is taken.
     */
    public fun add(key: K): Deferred<A> {
        end?.let { return failed(it) }
        refusal(key)?.let { return failed(IllegalStateException(it)) }
        val request = Waiting<A>()
        val answer = Deferred<A> { giveUp(key, request) }
        request.answer = answer
        options.timeout?.let { limit ->
            request.timer = clock.callLater(TimeUnit.NANOSECONDS.convert(limit), TimeUnit.NANOSECONDS) { timedOut(key, request) }
        }
        waiting[key] = request
        return answer
    }

    private fun refusal(key: K): String? = when {
        waiting.size >= options.requestLimit -> "${options.requestLimit} requests wait for their answers already"
        key in waiting -> "a request with the key ${safeString(key)} waits for its answer already"
        key in given -> "the answer to an earlier request with the key ${safeString(key)} may still come"
        else -> null
    }

    /** Gives [value] to the request with [key]. False when none waits: it was given up, has its answer, or never was. */
    public fun answer(key: K, value: A): Boolean {
        val request = waiting.remove(key)
        if (request == null) {
            given.remove(key)
            return false
        }
        request.stopTimer()
        request.answer.callback(value)
        return true
    }

    /** Forgets the request with [key], which was not sent: its answer never comes. Its Deferred does not fire. */
    @JvmSynthetic
    internal fun withdraw(key: K) {
        waiting.remove(key)?.stopTimer()
    }

    /** Fails all that wait with [error], and from now on all that are added. The first error counts. */
    public fun fail(error: Throwable) {
        if (end != null) return
        end = error
        given.clear()
        while (true) { // one may cancel another
            val key = waiting.keys.firstOrNull() ?: return
            val request = waiting.remove(key)!!
            request.stopTimer()
            request.answer.errback(error)
        }
    }

    private fun timedOut(key: K, request: Waiting<A>) {
        giveUp(key, request)
        request.answer.errback(DeferredTimeoutException(options.timeout!!))
    }

    private fun giveUp(key: K, request: Waiting<A>) {
        if (!waiting.remove(key, request)) return
        request.stopTimer()
        given.add(key)
        if (given.size > options.requestLimit) given.remove(given.first())
    }

    override fun toString(): String = "PendingAnswers($size requests wait${end?.let { ", ended" } ?: ""})"

    private class Waiting<A : Any> {
        lateinit var answer: Deferred<A>
        var timer: DelayedCall? = null

        fun stopTimer() {
            timer?.let { if (it.isActive) it.cancel() }
        }
    }
}
