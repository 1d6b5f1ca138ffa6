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
 * @param maxBytes how many bytes of pages are kept. When more come, all pages are dropped, and the callback is never called
 */
public class CallbackPageCollector
@JvmOverloads
constructor(
    private val maxBytes: Long = DEFAULT_MAX_PAGED_BYTES,
    private val callback: Consumer<List<Any?>>,
) : Referenceable {
    private val pages = ArrayList<Any?>()
    private var size = 0L
    private var isOver = false

    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var overflowed: ((PBError) -> Unit)? = null

    /** One more page has come. */
    @Remote
    public fun gotPage(page: Any?) {
        if (isOver) return
        size += PAGE + ((page as? Bytes)?.size ?: (page as? String)?.length ?: 0)
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
        const val PAGE = 64
    }
}

/**
 * Calls the method [name] with a collector as its first argument and [args] behind that, and gives the pages that it sends; Twisted's
 * `getAllPages`. Fails when the call does, when the connection ends, and when there are more than [maxBytes] bytes. Cancelling it drops
 * what has come, and gives up the answer of the call.
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
