// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log.json

import dev.torsion.log.LogEvent
import dev.torsion.log.LogObserver
import org.slf4j.event.Level
import java.io.OutputStream
import java.io.OutputStreamWriter
import java.io.Writer
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import kotlin.text.Charsets.UTF_8

/**
 * Writes each event as one line of JSON; Twisted's `jsonFileLogObserver`, without its record separators. [JsonLines] has the form of a
 * line, and reads lines.
 *
 * ```java
 * var file = new JsonLinesObserver(Files.newOutputStream(path, CREATE, APPEND));
 * LogPublisher.global().addObserver(file);
 * ```
 *
 * A line is written by a single call, and flushed at once when its event is of level [flushAt] or above; by default all are. Give a busy
 * program a higher level: events below it wait in the buffers of the writer for the next flush. The observer does not close its writer.
 * Close it yourself, after [LogPublisher.removeObserver][dev.torsion.log.LogPublisher.removeObserver].
 *
 * When writing fails, the exception goes to the publisher, which tells the other observers. The event may be lost, or be there in part;
 * the next one begins on a line of its own.
 *
 * Thread: any; lines never mix. The thread that logs writes, so a slow disk holds it.
 *
 * @param maxLineLength the longest line, in characters without its end; longer ones are truncated. At least [JsonLines.LEAST_LENGTH].
 */
public class JsonLinesObserver
@JvmOverloads
constructor(
    private val writer: Writer,
    private val maxLineLength: Int = JsonLines.DEFAULT_LENGTH,
    private val flushAt: Level = Level.TRACE,
) : LogObserver {
    /** Writes to [stream], in UTF-8. */
    @JvmOverloads
    public constructor(stream: OutputStream, maxLineLength: Int = JsonLines.DEFAULT_LENGTH, flushAt: Level = Level.TRACE) :
        this(OutputStreamWriter(stream, UTF_8), maxLineLength, flushAt)

    private val lock = ReentrantLock()
    private var isInsideLine = false

    init {
        JsonLines.checkLength(maxLineLength)
    }

    override fun observe(event: LogEvent) {
        val line = JsonLines.write(event, maxLineLength) + "\n"
        lock.withLock {
            val text = if (isInsideLine) "\n" + line else line
            isInsideLine = true // as long as nobody knows how much of it got through
            writer.write(text)
            if (event.level.toInt() >= flushAt.toInt()) writer.flush()
            isInsideLine = false
        }
    }

    override fun toString(): String = "JsonLinesObserver"
}
