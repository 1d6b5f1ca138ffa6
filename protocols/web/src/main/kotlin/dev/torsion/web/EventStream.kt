// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ChannelResult
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.selects.onTimeout
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.yield
import java.time.Duration
import java.util.concurrent.TimeUnit.MILLISECONDS
import java.util.concurrent.Flow.Publisher as FlowPublisher

/**
 * Makes answers of server-sent events (`text/event-stream`, the HTML standard): a body that goes on, with an event now and then.
 *
 * ```kotlin
 * get("/prices") { request -> EventStream.of(prices.after(EventStream.lastEventId(request)).map { ServerSentEvent.data(it.text) }) }
 * ```
 *
 * The next event is asked for when the client has room for it, so a slow client holds up only its own events. A client that takes nothing
 * for [HttpServerOptions.writeTimeout] is cut off. Events that many clients share should wait in a buffer with a limit, such as that of a
 * `MutableSharedFlow` or a `SubmissionPublisher`.
 *
 * The events are cancelled when the client goes away. When the events end, the answer ends. When they fail, the answer is cut. When the
 * server stops, the answer ends in order, and the client comes back, perhaps to another server.
 *
 * Thread: any. The events are collected on the reactor's thread.
 */
public object EventStream {
    private const val KEEP_ALIVE_SECONDS = 15L
    private const val AT_ONCE = 64

    /** How long nothing is sent before a comment is: 15 s. Proxies cut connections that are silent for longer. */
    @JvmField
    public val KEEP_ALIVE: Duration = Duration.ofSeconds(KEEP_ALIVE_SECONDS)

    /** The answer with [events], for Kotlin. @param keepAlive how long nothing is sent before a comment is */
    @JvmSynthetic
    public fun of(events: Flow<ServerSentEvent>, keepAlive: Duration = KEEP_ALIVE): Response {
        require(!keepAlive.isNegative && !keepAlive.isZero) { "keepAlive must be positive, but is $keepAlive" }
        return Response.ongoing("text/event-stream") { sink -> send(events, sink, keepAlive) }
            .withHeader("Cache-Control", "no-cache")
            .withHeader("X-Accel-Buffering", "no") // nginx would wait for more
    }

    /** The answer with the events of [publisher], which may give them on any thread. */
    @JvmStatic
    public fun of(publisher: FlowPublisher<ServerSentEvent>): Response = of(publisher, KEEP_ALIVE)

    /** The same. @param keepAlive how long nothing is sent before a comment is */
    @JvmStatic
    public fun of(publisher: FlowPublisher<ServerSentEvent>, keepAlive: Duration): Response = of(publisher.asFlow(), keepAlive)

    /** The id of the last event that the client of [request] has got before; null when it has got none. */
    @JvmStatic
    public fun lastEventId(request: Request): String? =
        request.headers["Last-Event-ID"]?.toByteArray(Charsets.ISO_8859_1)?.toString(Charsets.UTF_8)

    @OptIn(ExperimentalCoroutinesApi::class)
    private suspend fun send(events: Flow<ServerSentEvent>, sink: BodySink, keepAlive: Duration) = coroutineScope {
        val next = Channel<ServerSentEvent>()
        val collecting = launch {
            val end = runCatching { events.collect { next.send(it) } }.exceptionOrNull()
            next.close(end)
        }
        val millis = maxOf(1L, MILLISECONDS.convert(keepAlive)) // with none, comments would hold the loop
        var sent = 0
        while (!sink.isEnding) {
            if (++sent % AT_ONCE == 0) yield() // events that are always there leave others their turn
            val result = select<ChannelResult<ServerSentEvent>?> {
                next.onReceiveCatching { it }
                onTimeout(millis) { null }
            }
            if (result?.isClosed == true) {
                result.exceptionOrNull()?.let { throw it }
                break
            }
            sink.write(result?.getOrThrow()?.encoded() ?: COMMENT)
        }
        collecting.cancel(null)
    }

    private val COMMENT = ":\n\n".toByteArray()
}
