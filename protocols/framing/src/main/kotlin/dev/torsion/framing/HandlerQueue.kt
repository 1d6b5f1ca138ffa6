// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Callback
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.spi.TorsionSpi
import java.util.function.Consumer

/**
 * Messages on their way to a handler that takes [atOnce] at a time, apart from others that must not wait for it. It is for the voices over
 * [MessageConnection], such as the Java facade's.
 *
 * Thread: the reactor's.
 *
 * @param limit how many messages wait at most, before [add] asks for a pause
 * @param atOnce how many messages the handler works on at the same time
 * @param failed hears what the handler has failed with; nothing more is handled then
 */
@TorsionSpi
public class HandlerQueue<T : Any>(private val limit: Int, private val atOnce: Int, private val failed: Consumer<Throwable>) {
    private val queue = ArrayDeque<T>()
    private val work = LinkedHashSet<Deferred<*>>() // what the handler has given, until it has fired
    private var isHandling = false
    private var isLastCut = false // the work on the last message is of no use to anybody
    private var room: Deferred<Any?>? = null
    private var idle: Deferred<Any?>? = null

    init {
        require(atOnce > 0) { "a handler takes one message at a time or more, but not $atOnce" }
    }

    /** Gives the handler's Deferred for a message, or null when it is done with; an exception is the handler's failure. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var handler: ((T) -> Deferred<*>?)? = null
        set(value) {
            field = value
            handleAll()
        }

    /** Whether no message waits for its handler. */
    public val isEmpty: Boolean get() = queue.isEmpty()

    @get:JvmSynthetic
    internal val isFull: Boolean get() = queue.size >= limit

    /** The messages go to [handler] from now on, also those that wait. It gives a Deferred to wait for, or null. */
    public fun handleWith(handler: Callback<T, Deferred<*>?>) {
        this.handler = handler::call
    }

    /** Takes [message]. Gives a Deferred that fires when there is room for the next one, or null when there is now. */
    public fun add(message: T): Deferred<*>? {
        queue.addLast(message)
        if (handler == null) return null // the first ones wait for it, and hold nothing up
        handleAll()
        if (!isFull) return null
        return room ?: Deferred<Any?> {
            room = null
            cutLast()
        }.also { room = it }
    }

    /** Whether messages are being handled, or wait for it. */
    public val isBusy: Boolean get() = handler != null && (work.isNotEmpty() || isHandling || !queue.isEmpty())

    /**
     * A Deferred that fires when nothing is being handled and nothing waits, or null when it is so now. Cancelling it cancels the work on
     * the last messages.
     */
    public val unfinished: Deferred<*>?
        get() = if (!isBusy) null else idle ?: Deferred<Any?> { cutLast() }.also { idle = it }

    /** Nobody waits for the end of the work any more, as the peer is gone: the last messages' is cancelled, and those before it are handled. */
    private fun cutLast() {
        idle = null
        isLastCut = true
        if (queue.isEmpty()) cancelWork()
    }

    private fun cancelWork() = work.toList().forEach { it.cancel() }

    /** This side has closed the connection: what waits is handled no more. */
    public fun clear() {
        queue.clear()
        makeRoom()
    }

    /** The connection is gone, or has given its last message. After an end by the peer, messages that have come before are handled all the same. */
    public fun ended(reason: Throwable) {
        if (reason is CloseReason && reason.by == ClosedBy.US) clear() else makeRoom()
        if (reason.cause is AnswerTimeoutException) cutLast()
    }

    /** A caller that hears of room may add at once: its message waits until there is a place for it. */
    private fun handleAll() {
        if (isHandling) return
        isHandling = true
        try {
            while (work.size < atOnce) handle(queue.removeFirstOrNull() ?: break)
        } finally {
            isHandling = false
        }
        if (!isFull) makeRoom()
        if (!isBusy) tellIdle()
    }

    private fun handle(message: T) {
        val begun =
            try {
                handler!!(message)
            } catch (e: Throwable) {
                return fail(e)
            } ?: return
        work.add(begun)
        begun.addBoth<Any?> {
            work.remove(begun)
            val isCut = isLastCut && queue.isEmpty() // so that it is not asked why it fails
            // In this call the loop goes on by itself, and the stack does not grow.
            if (it is Failure && !isCut) fail(it.value) else handleAll()
            null
        }
        if (isLastCut && queue.isEmpty() && begun in work) begun.cancel()
    }

    /** The connection is aborted for it, so nobody hears of the other work either. */
    private fun fail(error: Throwable) {
        queue.clear()
        isLastCut = true
        failed.accept(error)
        cancelWork()
        if (!isHandling && !isBusy) tellIdle()
    }

    private fun tellIdle() {
        val waits = idle ?: return
        idle = null
        waits.callback(null)
    }

    private fun makeRoom() {
        val waits = room ?: return
        room = null
        waits.callback(null)
    }

    override fun toString(): String = "HandlerQueue(${queue.size} waiting, ${work.size} of $atOnce in work)"
}
