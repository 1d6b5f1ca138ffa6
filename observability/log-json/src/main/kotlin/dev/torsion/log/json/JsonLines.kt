// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json

import dev.torsion.log.LogEvent
import dev.torsion.log.Logger
import java.io.Reader
import java.util.stream.Stream
import kotlin.streams.asStream

/**
 * Log events as JSON, one to a line; Twisted's `eventAsJSON` and `eventsFromJSONLogFile`.
 *
 * ```json
 * {"time":"2026-11-21T12:00:00.000000001Z","level":"INFO","logger":"com.example.Chat","thread":"torsion-reactor",
 *  "message":"ada joined room 7","format":"{name} joined room {room}","values":{"name":"ada","room":7}}
 * ```
 *
 * (It is one line; here it has two.) `format` is left out when it is the message, `values` when there are none. A throwable is an
 * `error` with its `type`, `message` and `stack`. Numbers, booleans, strings, maps, collections, arrays and null stay what they are;
 * everything else is its `toString`, and one that fails is shown as that failure. NaN and the infinities are strings, and so are the
 * keys of maps; half of a surrogate pair, which no UTF-8 can carry, becomes U+FFFD.
 *
 * **Length.** A line that would be longer than its limit is truncated and says so: `"truncated":true`. A text may take half of what is
 * left when its turn comes, and ends in `…` when it is cut; lists and maps lose their last elements. Nesting ends at [DEEPEST].
 */
public object JsonLines {
    /** The longest line, in characters, unless another length is given: 65,536. */
    public const val DEFAULT_LENGTH: Int = 65_536

    /** No limit may be lower: a line has room for the event's time, level and the beginning of its text. */
    public const val LEAST_LENGTH: Int = 1024

    /** How deep lists and maps may be nested. */
    public const val DEEPEST: Int = 8

    private val log = Logger(JsonLines::class.java)

    /** [event] in one line of at most [maxLength] characters, without its end. Never throws because of what is in the event. */
    @JvmStatic
    @JvmOverloads
    public fun write(event: LogEvent, maxLength: Int = DEFAULT_LENGTH): String {
        checkLength(maxLength)
        return LineWriter(maxLength).write(event)
    }

    /**
     * The event in [line]: with its format and values, as far as JSON could keep them, and a [LoggedException] where it had an error.
     *
     * @throws IllegalArgumentException when it is no JSON, or no event
     */
    @JvmStatic
    public fun read(line: String): LogEvent = LineReader.read(line)

    /**
     * The events in a file, read as the stream is. Lines without an event, such as the half of one that a full disk has left, are logged,
     * with their number, and passed over; so are lines of more than [maxLength] characters. Empty lines are passed over in silence.
     *
     * Closing [reader] is up to the caller. An IOException comes out of the stream as an `UncheckedIOException`.
     */
    @JvmStatic
    @JvmOverloads
    public fun events(reader: Reader, maxLength: Int = 16 * DEFAULT_LENGTH): Stream<LogEvent> = BoundedLines(reader, maxLength)
        .mapNotNull { line -> if (line.text?.isBlank() == true) null else eventOrNull(line, maxLength) }
        .asStream()

    private fun eventOrNull(line: BoundedLines.Line, maxLength: Int): LogEvent? = try {
        read(requireNotNull(line.text) { "it is longer than $maxLength characters" })
    } catch (e: IllegalArgumentException) {
        log.error("Line {line} is no log event: {reason}", "line" to line.number, "reason" to e.message?.take(REASON_LENGTH))
        null
    }

    @JvmSynthetic
    internal fun checkLength(maxLength: Int) =
        require(maxLength >= LEAST_LENGTH) { "a line needs room for at least $LEAST_LENGTH characters, but $maxLength were given" }

    private const val REASON_LENGTH = 300
}
