// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.log.escaped
import dev.torsion.web.HttpException

/** A line or the data of an event has more than [limit] bytes. The [EventSource] ends with it: the server would send the same event again. */
public class EventTooLargeException(
    /** How many bytes were allowed. */
    public val limit: Int,
) : HttpException("An event of the server has more than the $limit bytes that are allowed.")

/**
 * The server has answered with something other than events. The [EventSource] ends with it.
 *
 * @property contentType the media type of the answer; null when it says none
 */
public class NoEventStreamException internal constructor(message: String, public val contentType: String?) : HttpException(message) {
    internal companion object {
        private const val SHOWN = 80

        fun ofType(request: ClientRequest, type: String?) = NoEventStreamException(
            "The answer to ${request.shown} is ${type?.let { "\"${escaped(it, SHOWN)}\"" } ?: "of no type"}, and not text/event-stream.",
            type,
        )

        fun ofCoding(request: ClientRequest, type: String?, coding: String) = NoEventStreamException(
            "The answer to ${request.shown} has the coding \"${escaped(coding, SHOWN)}\", which was not asked for.",
            type,
        )
    }
}

/** The server has ended its events before the first byte of them, as often in a row as it may: [EventSourceOptions.maxFailures]. */
public class NoEventsException internal constructor(request: ClientRequest) :
    HttpException("The answer to ${request.shown} has ended before its first byte.")
