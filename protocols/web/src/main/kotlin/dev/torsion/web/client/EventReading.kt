// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.await
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.safeMessage
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.CannotConnectException
import dev.torsion.service.RetryPolicy
import dev.torsion.web.HttpTimeoutException
import dev.torsion.web.IncompleteMessageException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import org.slf4j.event.Level
import java.time.Duration
import java.util.concurrent.CancellationException
import java.util.concurrent.TimeUnit

/**
 * One run of an [EventSource].
 *
 * | state | head of events | 204 | another answer | no answer | end or loss of the answer | silence | time is up |
 * |---|---|---|---|---|---|---|---|
 * | ASKING | READING | ends | fails | WAITING | | | |
 * | READING | | | | | WAITING | WAITING | |
 * | WAITING | | | | | | | ASKING |
 *
 * A request that must not be sent twice, such as a POST, has no WAITING: the end of its answer is the end of the events.
 *
 * Thread: the reactor's.
 */
internal class EventReading(
    private val call: HttpCall,
    private val options: EventSourceOptions,
    private var lastEventId: String,
    private val watcher: ServerEventListener?,
) {
    private var retryMillis = -1L
    private var failures = 0 // attempts in a row that have brought no byte
    private var waits = 0 // since the last byte
    private var hasBegun = false

    /** Gives the events to [emit], each when the one before is taken. Returns when the server has ended them. */
    suspend fun run(emit: suspend (ServerEvent) -> Unit) {
        while (true) {
            val end = read(emit) ?: return
            if (!call.request.isRepeatable) throw end.cause ?: return
            if (++waits > 1 || !hasBegun) failures++
            if (failures >= options.maxFailures) throw end.cause ?: NoEventsException(call.request)
            val time = delay()
            tell(end.cause, time)
            watcher?.interrupted(end.cause, time)
            pause(maxOf(1, TimeUnit.MILLISECONDS.convert(time))) // others have their turn
        }
    }

    private suspend fun pause(millis: Long) {
        try {
            delay(millis)
        } catch (e: CancellationException) {
            currentCoroutineContext().ensureActive()
            throw ReactorNotRunningException("The reactor has stopped, and the events with it.").apply { initCause(e) }
        }
    }

    /** The answer has ended, or was lost because of [cause], and the next one may go on. */
    private class End(val cause: Throwable?)

    private suspend fun read(emit: suspend (ServerEvent) -> Unit): End? {
        val response =
            try {
                call.askForEvents(lastEventId, options.silenceTimeout).await()
            } catch (e: Exception) {
                return lost(e)
            }
        try {
            if (response.status == NO_CONTENT) return null
            check(response)
            watcher?.opened()
            return read(response, emit)
        } finally {
            response.abort() // nobody reads the rest of it
        }
    }

    private suspend fun check(response: ClientResponse) {
        if (response.status != OK) throw HttpStatusException.of(response)
        val type = response.headers["Content-Type"]
        if (!isOfEvents(type)) throw NoEventStreamException.ofType(response.request, type)
        val coding = response.headers.tokens("Content-Encoding").firstOrNull { it != "identity" } ?: return
        throw NoEventStreamException.ofCoding(response.request, type, coding)
    }

    private suspend fun read(response: ClientResponse, emit: suspend (ServerEvent) -> Unit): End {
        val parser = EventParser(options.maxEventBytes, lastEventId)
        while (true) {
            val piece =
                try {
                    response.body.next().await()
                } catch (e: Exception) {
                    return lost(e)
                } ?: return End(null)
            hasBegun = true
            failures = 0
            waits = 0
            parser.feed(piece)
            while (true) {
                val event = parser.next()
                if (parser.retryMillis >= 0) retryMillis = parser.retryMillis
                lastEventId = parser.lastEventId
                emit(event ?: break)
            }
        }
    }

    /** The next attempt may succeed; otherwise [error] is thrown. */
    private fun lost(error: Exception): End {
        val mayComeBack = error is CannotConnectException || error is HttpTimeoutException || error is IncompleteMessageException ||
            error is AgentBusyException || (error is ProxyRefusedException && error.status >= SERVER_ERROR)
        return if (mayComeBack) End(error) else throw error
    }

    private fun delay(): Duration {
        val ofServer = if (retryMillis < 0) null else Duration.ofMillis(retryMillis.coerceIn(LEAST_RETRY_MILLIS, MOST_RETRY_MILLIS))
        if (ofServer != null && waits == 1) return ofServer
        val ofPolicy = try {
            options.retryPolicy.delay(waits).also { require(!it.isNegative) { "a retry policy gave $it" } }
        } catch (e: Throwable) {
            log.failure("{call}: the retry policy has failed, so the default takes its place", e, "call" to call.request.shown)
            RetryPolicy.DEFAULT.delay(waits)
        }
        return if (ofServer == null) ofPolicy else maxOf(ofServer, ofPolicy)
    }

    private fun tell(cause: Throwable?, time: Duration) {
        if (!log.isEnabled(Level.INFO)) return
        log.info(
            "{call}: the events are lost, and asked for again in {delay}: {reason}",
            "call" to call.request.shown,
            "delay" to readable(time),
            "reason" to if (cause == null) "the answer has ended" else safeMessage(cause) ?: cause.javaClass.name,
        )
    }

    companion object {
        private val log = Logger(EventSource::class.java)
        const val EVENTS: String = "text/event-stream"

        /** Whether a `Content-Type` of [type] is that of a stream of events. */
        fun isOfEvents(type: String?): Boolean = type != null && type.substringBefore(';').trim(' ', '\t').equals(EVENTS, ignoreCase = true)

        private const val OK = 200
        private const val NO_CONTENT = 204
        private const val SERVER_ERROR = 500

        /** A server cannot make us ask without a pause. */
        private const val LEAST_RETRY_MILLIS = 500L

        /** A server cannot send us away for ever. */
        private const val MOST_RETRY_MILLIS = 3_600_000L
    }
}
