// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.escaped
import java.time.Duration
import java.util.concurrent.TimeUnit.MILLISECONDS

/**
 * One event of an [EventStream], as the HTML standard defines it under "Server-sent events". Immutable.
 *
 * ```java
 * ServerSentEvent.data("{\"price\": 7}").withEvent("price").withId("42");
 * ```
 *
 * @property data the text that the client gets; it may have several lines. Null for none, as in a comment
 * @property id the id that a client sends in `Last-Event-ID` when it comes back; null leaves the one before
 * @property event the type; null for `message`
 * @property retry how long a client is to wait before it comes back; null leaves its own time
 * @property comment a text that clients do not show
 */
public class ServerSentEvent private constructor(
    @get:JvmName("data") public val data: String?,
    @get:JvmName("id") public val id: String?,
    @get:JvmName("event") public val event: String?,
    @get:JvmName("retry") public val retry: Duration?,
    @get:JvmName("comment") public val comment: String?,
) {
    init {
        require(id == null || id.none { it == '\u0000' || it == '\r' || it == '\n' }) { "an id has one line and no NUL" }
        require(event == null || event.none { it == '\r' || it == '\n' }) { "the type of an event has one line" }
        require(retry == null || !retry.isNegative) { "a time must not be negative, but is $retry" }
    }

    /** This event with [id]. @throws IllegalArgumentException when it has the end of a line, or a NUL */
    public fun withId(id: String): ServerSentEvent = ServerSentEvent(data, id, event, retry, comment)

    /** This event with the type [event]. @throws IllegalArgumentException when it has the end of a line */
    public fun withEvent(event: String): ServerSentEvent = ServerSentEvent(data, id, event, retry, comment)

    /** This event with [time], in whole milliseconds. @throws IllegalArgumentException when it is negative */
    public fun withRetry(time: Duration): ServerSentEvent = ServerSentEvent(data, id, event, time, comment)

    /** This event with [comment]. */
    public fun withComment(comment: String): ServerSentEvent = ServerSentEvent(data, id, event, retry, comment)

    /** The lines of this event, and the empty one that ends it. */
    @JvmSynthetic
    internal fun encoded(): ByteArray {
        val text = StringBuilder()
        comment?.let { lines(it).forEach { line -> text.append(": ").append(line).append('\n') } }
        event?.let { text.append("event: ").append(it).append('\n') }
        id?.let { text.append("id: ").append(it).append('\n') }
        retry?.let { text.append("retry: ").append(MILLISECONDS.convert(it)).append('\n') }
        data?.let { lines(it).forEach { line -> text.append("data: ").append(line).append('\n') } }
        return text.append('\n').toString().toByteArray()
    }

    /** As the client finds its lines: otherwise data could begin a field, or an event. */
    private fun lines(text: String) = text.split("\r\n", "\n", "\r")

    override fun toString(): String = "ServerSentEvent(event=${event ?: "message"}, id=${id?.let {
        escaped(it)
    }}, ${data?.length ?: 0} characters)"

    public companion object {
        /** An event with [data]. */
        @JvmStatic
        public fun data(data: String): ServerSentEvent = ServerSentEvent(data, null, null, null, null)

        /** A comment. */
        @JvmStatic
        public fun comment(comment: String): ServerSentEvent = ServerSentEvent(null, null, null, null, comment)
    }
}
