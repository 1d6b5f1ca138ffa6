// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.telling

/**
 * Hears of the requests of an [HttpAgent], for logs and figures. It changes nothing. Set it with [HttpClientOptions.withListener].
 *
 * For each request [begun] is called exactly once, and after that [ended] exactly once, whether the request is answered, fails, is
 * cancelled, or is closed before its end. Both get the same record. A second try on a stale connection is the same request. Each redirect
 * on the way is a request of its own.
 *
 * Thread: the reactor's. A method must not block. When one throws, that is reported, and the request goes on.
 */
public fun interface ClientRequestListener {
    /** The request of [record] is over: its whole answer was read, or none comes any more. */
    public fun ended(record: ClientRequestRecord)

    /** The request was made. It waits for a connection next. */
    public fun begun(record: ClientRequestRecord) {}

    /** One that tells this listener, and then [other]. */
    public fun and(other: ClientRequestListener): ClientRequestListener {
        val first = this
        return object : ClientRequestListener {
            override fun begun(record: ClientRequestRecord) {
                telling { first.begun(record) }
                telling { other.begun(record) }
            }

            override fun ended(record: ClientRequestRecord) {
                telling { first.ended(record) }
                telling { other.ended(record) }
            }
        }
    }
}
