// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.defer.await
import dev.torsion.log.escaped
import dev.torsion.web.Headers
import dev.torsion.web.HttpException
import java.io.ByteArrayOutputStream
import java.io.IOException

/**
 * The answer has a status of 400 or more, and the program has asked for an error then; treq's `raise_for_status`. An [EventSource] fails
 * with it for any status other than 200 and 204.
 *
 * @property status the status
 * @property headers the fields of the answer
 * @property bodyStart the beginning of its body, up to 8 KiB
 */
public class HttpStatusException internal constructor(
    request: ClientRequest,
    public val status: Int,
    reason: String,
    public val headers: Headers,
    public val bodyStart: String,
) : HttpException(message(request, status, reason, bodyStart)) {
    internal companion object {
        /** How much of a body is read for it. */
        const val MOST_BODY: Int = 8 * 1024
        private const val SHOWN = 200

        /** That of [response], with the beginning of its body. */
        suspend fun of(response: ClientResponse): HttpStatusException {
            val start = ByteArrayOutputStream()
            try {
                while (start.size() < MOST_BODY) start.writeBytes(response.body.next().await() ?: break)
            } catch (_: IOException) {
                // The status is what the program asked for: what has come of the body goes with it.
            }
            val text = String(start.toByteArray(), 0, minOf(start.size(), MOST_BODY), charset(response) ?: Charsets.UTF_8)
            return HttpStatusException(response.request, response.status, response.reason, response.headers, text)
        }

        private fun message(request: ClientRequest, status: Int, reason: String, body: String) = buildString {
            append(request.method).append(' ').append(shown(request.url)).append(" was answered with ").append(status)
            if (reason.isNotEmpty()) append(' ').append(escaped(reason, SHOWN))
            val start = escaped(body.trim(), SHOWN)
            append(if (start.isEmpty()) "." else ": $start")
        }
    }
}
