// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.log.Logger
import java.time.Duration

/**
 * Hears the events of an [EventSource]. Give it to [EventSource.listen].
 *
 * ```java
 * try (var listening = http.get(url).events().listen(event -> show(event.data()))) { ... }
 * ```
 *
 * The next event comes when [event] has returned. A listener that takes time for an event uses [EventSource.publisher] instead. An
 * exception of a method ends the source, with [ended].
 *
 * Thread: the reactor's. A method must not block.
 */
public fun interface ServerEventListener {
    /** An event has come. */
    public fun event(event: ServerEvent)

    /** The server answers with events: the first time, and after each reconnection. */
    public fun opened() {}

    /**
     * The events are lost, and are asked for again after [delay].
     *
     * @param cause why; null when the server has ended its answer in order
     */
    public fun interrupted(cause: Throwable?, delay: Duration) {}

    /**
     * No more events come: the last call, unless the program has closed the source.
     *
     * @param error why; null when the server has said 204, which is its way to end them. Without a method of yours it is logged
     */
    public fun ended(error: Throwable?) {
        if (error != null) LOG.failure("A source of events has failed, and its listener does not hear of that", error)
    }
}

private val LOG = Logger(EventSource::class.java)
