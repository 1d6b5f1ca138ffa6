// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.Clock
import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.spi.TorsionSpi
import java.util.concurrent.Callable
import java.util.function.Consumer

/**
 * Sorts the messages of one connection: answers go to their requests, the others to a handler. It is for the voices over it, such as
 * [CorrelatedRequests] and the Java facade's.
 *
 * Thread: the clock's.
 *
 * @param content of the messages, which outlive their call here
 * @param failed hears what the handler of the other messages has failed with
 */
@TorsionSpi
public class Correlator<K : Any, T : Any>(
    clock: Clock,
    options: CorrelationOptions,
    private val content: Content<T>,
    private val keyOf: MessageKey<T, K>,
    failed: Consumer<Throwable>,
) {
    private val pending = PendingAnswers<K, T>(clock, options)

    @get:JvmSynthetic
    internal val pushes = HandlerQueue<T>(options.pushLimit, atOnce = 1, failed)
    private var hasWarned = false

    /** How many requests wait. */
    public val size: Int get() = pending.size

    /** Whether messages that answer no request wait for their handler. */
    public val holdsMessages: Boolean get() = !pushes.isEmpty

    /** Sends a request by [send], and gives the Deferred of its answer. An exception of [send] fails it. */
    public fun request(key: K, send: Callable<*>): Deferred<T> {
        val answer = pending.add(key)
        if (answer.called) return answer // refused
        try {
            send.call()
        } catch (e: Throwable) {
            pending.withdraw(key)
            return fail(e)
        }
        return answer
    }

    /** Takes a message that has come. Gives a Deferred that the next one has to wait for, or null. */
    public fun received(message: T): Deferred<*>? {
        val key = keyOf.keyOf(message)
        if (key != null) {
            if (!pending.answer(key, content.keep(message))) {
                log.debug("An answer that nobody waits for is dropped: its key is {key}", "key" to safeString(key))
            }
            return null
        }
        if (pushes.handler != null || !pushes.isFull) return pushes.add(content.keep(message))
        if (!hasWarned) {
            hasWarned = true
            log.warn(
                "A message that answers no request is dropped, and so are more like it: many wait already, and there is no handler for them",
            )
        }
        return null
    }

    /** Messages that answer no request go to [handler], also those that wait for it. It gives a Deferred to wait for, or null. */
    public fun onPush(handler: Callback<T, Deferred<*>?>) {
        check(pushes.handler == null) { "there is a handler for the messages that answer no request already" }
        pushes.handleWith(handler)
    }

    /** Fires when the handler of the other messages has done with all that have come; null when it has. Cancelling it cancels the work on the last. */
    public val unfinished: Deferred<*>? get() = pushes.unfinished

    /** Whether the handler of the other messages is at work, or some wait for it. */
    public val isBusy: Boolean get() = pushes.isBusy

    /** This side has closed the connection: what has come and waits is handled no more. */
    public fun stopped(): Unit = pushes.clear()

    /** There are no more messages: all requests that wait fail with [reason]. */
    public fun ended(reason: Throwable) {
        pending.fail(reason)
        pushes.ended(reason)
    }

    override fun toString(): String = pending.toString()

    private companion object {
        val log = Logger(CorrelatedRequests::class.java)
    }
}
