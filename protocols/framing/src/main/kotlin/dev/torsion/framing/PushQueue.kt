// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import java.util.function.Consumer

/**
 * Messages on their way to a handler that takes one at a time, apart from others that must not wait for it: a handler may ask the peer
 * something itself, and the answer comes behind the messages that wait here.
 */
internal class PushQueue<T : Any>(private val limit: Int, private val failed: Consumer<Throwable>) {
    private val queue = ArrayDeque<T>()
    private var isBusy = false
    private var isHandling = false
    private var work: Deferred<*>? = null // what the handler has given, until it has fired
    private var isLastCut = false // the work on the last message is of no use to anybody
    private var room: Deferred<Any?>? = null
    private var idle: Deferred<Any?>? = null

    /** Gives the handler's Deferred for a message, or null when it is done with; an exception is the handler's failure. */
    var handler: ((T) -> Deferred<*>?)? = null
        set(value) {
            field = value
            handleAll()
        }

    val isEmpty: Boolean get() = queue.isEmpty()

    val isFull: Boolean get() = queue.size >= limit

    /** Takes [message]. Gives a Deferred that fires when there is room for the next one, or null when there is now. */
    fun add(message: T): Deferred<*>? {
        queue.addLast(message)
        if (handler == null) return null // the first ones wait for it, and hold nothing up
        if (!isBusy) handleAll()
        if (!isFull) return null
        return room ?: Deferred<Any?>().also { room = it }
    }

    /** A Deferred that fires when nothing is being handled and nothing waits, or null when it is so now. */
    val unfinished: Deferred<*>?
        get() = if (isIdle) null else idle ?: Deferred<Any?> { cutLast() }.also { idle = it }

    private val isIdle: Boolean get() = handler == null || (!isBusy && !isHandling && queue.isEmpty())

    /** Nobody waits for the end of the work any more, as the peer is gone: the last message's is cancelled, and those before it are handled. */
    fun cutLast() {
        idle = null
        isLastCut = true
        if (queue.isEmpty()) work?.cancel()
    }

    /** Forgets what waits: this side has ended the connection. */
    fun clear() {
        queue.clear()
        makeRoom()
    }

    /** The connection is gone. Messages that have come before are handled all the same. */
    fun ended() = makeRoom()

    /** A caller that hears of room may add at once: its message waits until the one before it is handled. */
    private fun handleAll() {
        if (isHandling) return
        isHandling = true
        try {
            while (!isBusy) handle(queue.removeFirstOrNull() ?: break)
        } finally {
            isHandling = false
        }
        if (!isFull) makeRoom()
        if (isIdle) tellIdle()
    }

    private fun handle(message: T) {
        val end =
            try {
                handler!!(message)
            } catch (e: Throwable) {
                return fail(e)
            } ?: return
        isBusy = true
        work = end
        end.addBoth<Any?> {
            isBusy = false
            work = null
            val isCut = isLastCut && queue.isEmpty() // so that it is not asked why it fails
            // In this call the loop goes on by itself, and the stack does not grow.
            if (it is Failure && !isCut) fail(it.value) else handleAll()
            null
        }
        if (isLastCut && queue.isEmpty()) work?.cancel()
    }

    private fun fail(error: Throwable) {
        queue.clear() // the connection is aborted for it
        failed.accept(error)
        if (!isHandling) tellIdle()
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
}
