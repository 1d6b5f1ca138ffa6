// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Pages")

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.futureOnLoop
import dev.torsion.spread.banana.Bytes
import java.util.concurrent.CompletableFuture
import java.util.function.Consumer

/** How many bytes of pages are collected unless another limit is given: 64 MiB. */
public const val DEFAULT_MAX_PAGED_BYTES: Long = 64L * 1024 * 1024

/**
 * Collects pages that the other side sends with a [Pager], and gives them to [callback] when they have all come; Twisted's
 * `CallbackPageCollector`.
 *
 * Thread: the reactor's.
 *
 * @param maxBytes how many bytes of memory the pages may take, about: those of their text and bytes, and 32 for each value that is in them.
 *   When more come, all pages are dropped, references and copies in them are given back, and the callback is never called
 */
public class CallbackPageCollector
@JvmOverloads
constructor(
    private val maxBytes: Long = DEFAULT_MAX_PAGED_BYTES,
    callback: Consumer<List<Any?>>,
) : Referenceable {
    private var callback: Consumer<List<Any?>>? = callback
    private var pages = ArrayList<Any?>()
    private var held = ArrayList<IncomingObjects>() // the messages of pages with something of the other side's
    private var size = 0L
    private var arriving: RemoteCall? = null // the call that runs
    private var isOver = false

    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var overflowed: ((PBError) -> Unit)? = null

    /** The size of a page is known from its message: what it holds may be objects that tell nothing of their own. */
    override fun remoteMessageReceived(call: RemoteCall): Any? {
        arriving = call
        try {
            return super.remoteMessageReceived(call)
        } finally {
            arriving = null
        }
    }

    /** One more page has come. */
    @Remote
    public fun gotPage(page: Any?) {
        val call = arriving
        if (isOver) return call?.incoming?.forEach(IncomingObjects::giveBack) ?: Unit
        size += maxOf(call?.size ?: 0, PAGE + ((page as? Bytes)?.size ?: (page as? String)?.length ?: 0))
        call?.incoming?.filterTo(held) { !it.isEmpty }
        if (size <= maxBytes) {
            pages.add(page)
            return
        }
        val tell = overflowed
        stop()
        val error = PBError("The pages have more than the $maxBytes bytes that are collected.")
        tell?.invoke(error)
        throw error
    }

    /** All have come. */
    @Remote
    public fun endedPaging() {
        if (isOver) return
        isOver = true
        try {
            callback?.accept(pages)
        } finally {
            forget()
        }
    }

    /** The messages of the pages that are being given to the callback: for those who give back what nobody gets. */
    @JvmSynthetic
    internal fun messages(): List<IncomingObjects> = held

    /** Nobody wants them any more. Pages that somebody was given stay as they are. */
    @JvmSynthetic
    internal fun stop() {
        if (isOver) return
        isOver = true
        held.forEach(IncomingObjects::giveBack)
        forget()
    }

    /** The other side may keep this object for long after its end. */
    private fun forget() {
        callback = null
        overflowed = null
        pages = ArrayList()
        held = ArrayList()
    }

    private companion object {
        /** The memory of a page besides its bytes. */
        const val PAGE = 64L
    }
}

/**
 * Calls the method [name] with a collector as its first argument and [args] behind that, and gives the pages that it sends; Twisted's
 * `getAllPages`.
 *
 * **Thread.** The reactor's. [getAllPagesAsync] and [awaitAllPages] are the same on any thread.
 *
 * **Cancellation.** It drops the pages that have come, and gives up the answer of the call. Pages with references or copies that nobody gets
 * are given back.
 *
 * Fails when the call does, with a [DeadReferenceException] when the connection ends behind the answer and before the last page, and with a
 * [PBError] when the pages take more than [maxBytes] bytes, counted as by a [CallbackPageCollector].
 *
 * @throws dev.torsion.net.WrongThreadException on another thread
 */
@JvmOverloads
public fun getAllPages(
    reference: RemoteReference,
    name: String,
    args: List<Any?> = emptyList(),
    maxBytes: Long = DEFAULT_MAX_PAGED_BYTES,
): Deferred<List<Any?>> {
    reference.broker.checkThread("getAllPages", "getAllPagesAsync and awaitAllPages")
    return collect(reference, name, args, maxBytes)
}

private fun collect(reference: RemoteReference, name: String, args: List<Any?>, maxBytes: Long): Deferred<List<Any?>> {
    var cancel = {}
    var messages = emptyList<IncomingObjects>()
    val result = Deferred<List<Any?>> { cancel() }.onUndelivered { messages.forEach(IncomingObjects::giveBack) }
    val onLost = Runnable { if (!result.called) result.errback(DeadReferenceException("The connection ended before all pages had come.")) }

    fun over(then: () -> Unit) {
        reference.broker.dontNotifyOnDisconnect(onLost)
        if (!result.called) then()
    }
    lateinit var collector: CallbackPageCollector
    collector =
        CallbackPageCollector(maxBytes) { pages ->
            over {
                messages = collector.messages()
                result.callback(pages)
            }
        }
    collector.overflowed = { error -> over { result.errback(error) } }
    val call = reference.begin(name, listOf<Any?>(collector) + args, emptyMap()).ended()
    cancel = {
        collector.stop()
        reference.broker.dontNotifyOnDisconnect(onLost)
        call.cancel() // what its answer holds is given back
    }
    reference.broker.notifyOnDisconnect(onLost)
    call.addErrback { failure ->
        collector.stop()
        over { result.errback(failure) }
        null
    }
    return result
}

/**
 * [getAllPages] as a future, which fails as [getAllPages] does.
 *
 * **Thread.** Any. Do not change [args] afterwards: the reactor's thread reads them.
 *
 * **Cancellation.** Cancelling it, or any stage of it, is as for [getAllPages]. A future that is cancelled before the reactor's thread calls the
 * method, calls nothing.
 */
@JvmOverloads
public fun getAllPagesAsync(
    reference: RemoteReference,
    name: String,
    args: List<Any?> = emptyList(),
    maxBytes: Long = DEFAULT_MAX_PAGED_BYTES,
): CompletableFuture<List<Any?>> = reference.broker.loop.futureOnLoop { collect(reference, name, args, maxBytes) }

/** [getAllPages] for coroutines, on any dispatcher. It fails and is cancelled as [getAllPagesAsync]. */
@JvmSynthetic
public suspend fun awaitAllPages(
    reference: RemoteReference,
    name: String,
    args: List<Any?> = emptyList(),
    maxBytes: Long = DEFAULT_MAX_PAGED_BYTES,
): List<Any?> = reference.broker.loop.awaitOnLoop { collect(reference, name, args, maxBytes) }
