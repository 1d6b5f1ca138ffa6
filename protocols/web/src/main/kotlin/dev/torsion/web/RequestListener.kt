// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.Logger

/**
 * Hears of the requests of a [Site], for access logs and figures. It changes nothing. Set it with [HttpServerOptions.withListener].
 *
 * For each request whose head is whole or is refused, [begun] is called exactly once, and after that [ended] exactly once, whatever becomes
 * of the client, the handler or the server. Both get the same record. A connection that ends without a request, or inside a head, calls
 * neither.
 *
 * ```java
 * RequestListener slow = request -> {
 *   if (request.duration().toMillis() > 500) log.warn("{request} is slow", "request", request);
 * };
 * ```
 *
 * Thread: the reactor's. A method must not block. When one throws, that is reported, and the request goes on.
 */
public fun interface RequestListener {
    /**
     * The request of [record] is over. An answer is whole when all of it is written, and no more than the high-water mark of the connection is
     * still to be taken by the operating system.
     */
    public fun ended(record: RequestRecord)

    /** The head is whole, and its handler is called next; or the head is refused, and [ended] is called next. */
    public fun begun(record: RequestRecord) {}

    /** One that tells this listener, and then [other]. */
    public fun and(other: RequestListener): RequestListener {
        val first = this
        return object : RequestListener {
            override fun begun(record: RequestRecord) {
                telling { first.begun(record) }
                telling { other.begun(record) }
            }

            override fun ended(record: RequestRecord) {
                telling { first.ended(record) }
                telling { other.ended(record) }
            }
        }
    }
}

/** Calls a listener, whose failure is not that of the request. */
internal inline fun telling(call: () -> Unit) {
    try {
        call()
    } catch (e: Throwable) {
        LOG.failure("A listener of requests has failed", e)
    }
}

private val LOG = Logger(RequestListener::class.java)
