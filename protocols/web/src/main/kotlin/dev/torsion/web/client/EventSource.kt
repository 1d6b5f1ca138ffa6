// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.reactor.Reactor
import dev.torsion.reactor.reactorScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.channelFlow
import java.util.concurrent.Flow.Publisher as FlowPublisher

/**
 * The events of a server (`text/event-stream`), as browsers read them with their `EventSource`. [HttpCall.events] makes one.
 *
 * ```kotlin
 * http.get("https://example.com/prices").events().flow().collect { println(it.data) }
 * ```
 * ```java
 * AutoCloseable listening = http.get("https://example.com/prices").events().listen(event -> show(event.data()));
 * ```
 *
 * Immutable. It sends nothing by itself. Each collector, subscriber and listener has a connection of its own, until the events end or it is
 * cancelled.
 *
 * | the server | what happens |
 * |---|---|
 * | ends its answer, is lost or not there, or says nothing for [EventSourceOptions.silenceTimeout] | it is asked again after a while, with the id of the last event in `Last-Event-ID` |
 * | answers with 204 | the events end in order |
 * | answers with another status than 200 | [HttpStatusException] |
 * | answers with another type, or in a coding | [NoEventStreamException] |
 * | redirects | the client follows, each time anew |
 * | sends a line or an event above the limit | [EventTooLargeException] |
 * | breaks a rule of HTTP | [HttpViolationException][dev.torsion.web.HttpViolationException] |
 *
 * **A request that must not be sent twice,** such as a POST, is sent once. The end of its answer is the end of the events, and a lost
 * connection is an error.
 *
 * **Back-pressure** reaches the server: the next bytes are read when the events before are taken. A reader that takes none for
 * [HttpClientOptions.unreadTimeout] loses the connection, and gets another one later.
 *
 * **Cancelling** at any moment ends the connection at once.
 *
 * **Closing the client** does not end a stream that has begun, like any answer that has begun. The next attempt then fails with
 * [AgentClosedException].
 *
 * Each reader takes one of the client's connections for as long as it lives. So [HttpClientOptions.maxConnectionsPerHost] limits them too.
 *
 * Thread: any.
 *
 * @property options how it asks, and asks again
 * @property lastEventId the id that the first request says; empty for none
 */
public class EventSource private constructor(
    private val call: HttpCall,
    @get:JvmName("options") public val options: EventSourceOptions,
    @get:JvmName("lastEventId") public val lastEventId: String,
) {
    init {
        require(EventParser.isSendable(lastEventId)) { "an id has no control characters" }
    }

    /** The reactor that it belongs to. */
    public fun reactor(): Reactor = call.reactor

    /**
     * This source, which goes on behind the event with [id], as a program does that was started again.
     *
     * @throws IllegalArgumentException when [id] has a control character
     */
    public fun withLastEventId(id: String): EventSource = EventSource(call, options, id)

    /**
     * The events, for Kotlin. The flow ends when the server ends them, and fails as the table says; with a
     * [ReactorNotRunningException][dev.torsion.loop.ReactorNotRunningException] when the reactor stops. It is collected on any dispatcher.
     */
    @JvmSynthetic
    public fun flow(): Flow<ServerEvent> = channelFlow {
        reactor().reactorScope { read(null) { event -> send(event) } }
    }.buffer(Channel.RENDEZVOUS)

    /**
     * The events, by the rules of Reactive Streams. A subscriber gets as many as it requests. Its methods are called on the reactor's thread, and
     * must not block.
     */
    public fun publisher(): FlowPublisher<ServerEvent> = EventPublisher(this)

    /**
     * Tells [listener] the events, one after the other, until what this gives is closed. After that it hears nothing more; in a call of the
     * listener itself from that on. Closing is for any thread.
     */
    public fun listen(listener: ServerEventListener): AutoCloseable = EventListening(this, listener).listen()

    /** On the reactor's thread. */
    @JvmSynthetic
    internal suspend fun read(watcher: ServerEventListener?, emit: suspend (ServerEvent) -> Unit): Unit =
        EventReading(call, options, lastEventId, watcher).run(emit)

    /** Without the query, which may have secrets. */
    override fun toString(): String = "EventSource(${call.request})"

    internal companion object {
        fun of(call: HttpCall, options: EventSourceOptions): EventSource = EventSource(call, options, "")
    }
}
