// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.log.Logger
import java.time.Duration
import java.util.concurrent.CancellationException

/** Tells a listener, until it is closed. */
internal class EventListening(source: EventSource, listener: ServerEventListener) :
    EventRun<ServerEventListener>(source, listener),
    AutoCloseable {
    /** A listener that was closed hears nothing more. */
    private val watcher = object : ServerEventListener {
        override fun event(event: ServerEvent) = Unit

        override fun opened() {
            target?.opened()
        }

        override fun interrupted(cause: Throwable?, delay: Duration) {
            target?.interrupted(cause, delay)
        }
    }

    fun listen(): EventListening = apply { begin(watcher) }

    override suspend fun give(event: ServerEvent) {
        val listener = target ?: throw CancellationException("The listener was closed.")
        listener.event(event)
    }

    override fun ended(target: ServerEventListener, error: Throwable?) {
        try {
            target.ended(error)
        } catch (e: Throwable) {
            log.failure("A listener of events has failed", e)
        }
    }

    override fun close() = end()

    private companion object {
        val log = Logger(EventSource::class.java)
    }
}
