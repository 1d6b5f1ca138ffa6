// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Pages")

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.spread.banana.Bytes
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
 *   When more come, all pages are dropped, and the callback is never called
 */
public class CallbackPageCollector
@JvmOverloads
constructor(
    private val maxBytes: Long = DEFAULT_MAX_PAGED_BYTES,
    private val callback: Consumer<List<Any?>>,
) : Referenceable {
    private val pages = ArrayList<Any?>()
    private var size = 0L
    private var arriving = 0L // the size of the page whose call runs
    private var isOver = false

    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var overflowed: ((PBError) -> Unit)? = null

    /** The size of a page is known from its message: what it holds may be objects that tell nothing of their own. */
    override fun remoteMessageReceived(call: RemoteCall): Any? {
        arriving = call.size
        try {
            return super.remoteMessageReceived(call)
        } finally {
            arriving = 0
        }
    }

    /** One more page has come. */
    @Remote
    public fun gotPage(page: Any?) {
        if (isOver) return
        size += maxOf(arriving, PAGE + ((page as? Bytes)?.size ?: (page as? String)?.length ?: 0))
        if (size <= maxBytes) {
            pages.add(page)
            return
        }
        stop()
        val error = PBError("The pages have more than the $maxBytes bytes that are collected.")
        overflowed?.invoke(error)
        throw error
    }

    /** All have come. */
    @Remote
    public fun endedPaging() {
        if (isOver) return
        isOver = true
        callback.accept(pages)
    }

    /** Nobody wants them any more. */
    @JvmSynthetic
    internal fun stop() {
        isOver = true
        pages.clear()
    }

    private companion object {
        /** The memory of a page besides its bytes. */
        const val PAGE = 64L
    }
}

/**
 * Calls the method [name] with a collector as its first argument and [args] behind that, and gives the pages that it sends; Twisted's
 * `getAllPages`. Fails when the call does, when the connection ends, and when they take more than [maxBytes] bytes, counted as by a
 * [CallbackPageCollector]. Cancelling it drops what has come, and gives up the answer of the call.
 */
@JvmOverloads
public fun getAllPages(
    reference: RemoteReference,
    name: String,
    args: List<Any?> = emptyList(),
    maxBytes: Long = DEFAULT_MAX_PAGED_BYTES,
): Deferred<List<Any?>> {
    var cancel = {}
    val result = Deferred<List<Any?>> { cancel() }
    val onLost = Runnable { if (!result.called) result.errback(DeadReferenceException("The connection ended before all pages had come.")) }

    fun over(then: () -> Unit) {
        reference.broker.dontNotifyOnDisconnect(onLost)
        if (!result.called) then()
    }
    val collector = CallbackPageCollector(maxBytes) { pages -> over { result.callback(pages) } }
    collector.overflowed = { error -> over { result.errback(error) } }
    val call = reference.callRemoteWith(name, listOf<Any?>(collector) + args, emptyMap())
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
