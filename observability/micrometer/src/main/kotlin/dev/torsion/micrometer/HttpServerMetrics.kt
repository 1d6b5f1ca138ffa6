// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.micrometer

import dev.torsion.web.RequestListener
import dev.torsion.web.RequestRecord
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags

/**
 * The requests of sites of `torsion-web` as Micrometer's meters, with its usual names.
 *
 * ```java
 * HttpServerOptions options = HttpServerOptions.DEFAULT.withListener(new HttpServerMetrics(registry));
 * ```
 *
 * | Meter | Type | Unit | What |
 * |---|---|---|---|
 * | `http.server.requests` | timer | time | requests that are over: their number, and the time from the whole head until the end of the answer |
 * | `http.server.requests.active` | gauge | requests | requests that are not over |
 * | `http.server.request.size` | summary | bytes | bodies of requests |
 * | `http.server.response.size` | summary | bytes | bodies of answers, as far as they were sent |
 *
 * All but the gauge have the tags `method`, `uri`, `status` and `outcome`, and the timer `exception` besides. None has more values than the program gives
 * it: a client can add none.
 *
 * | Tag | Values |
 * |---|---|
 * | `method` | the methods of RFC 9110 and PATCH; `OTHER` |
 * | `uri` | the [route][RequestRecord.route], such as `/users/{id}`. Without one `NOT_FOUND` (404 and 405), `REDIRECTION` (3xx) or `UNKNOWN`. Never a path |
 * | `status` | the status; `CLIENT_GONE` where no answer was begun |
 * | `outcome` | `SUCCESS`, `REDIRECTION`, `CLIENT_ERROR`, `SERVER_ERROR`; `UNKNOWN` |
 * | `exception` | the class of [RequestRecord.cause], without its package; `none` |
 *
 * A stream of events is one request, which takes as long as its client stays.
 *
 * Thread: any. One listener may serve several sites and reactors.
 *
 * @param registry where the meters are
 * @param tags what else they are tagged with
 */
public class HttpServerMetrics
@JvmOverloads
constructor(registry: MeterRegistry, tags: Iterable<Tag> = Tags.empty()) :
    RequestListener,
    AutoCloseable {
    private val meters = HttpMeters(registry, "http.server", Tags.of(tags))

    override fun begun(record: RequestRecord): Unit = meters.begun()

    override fun ended(record: RequestRecord) {
        val status = record.status
        val uri = record.route ?: when (status) {
            NOT_FOUND, NOT_ALLOWED -> "NOT_FOUND"
            in REDIRECTION -> "REDIRECTION"
            else -> "UNKNOWN"
        }
        val kind = HttpKind(HttpKind.methodOf(record.method), uri, status, null, HttpKind.nameOf(record.cause))
        meters.ended(kind, record.duration, record.bytesReceived, record.bytesSent)
    }

    /** Takes the meters out of the registry. Requests that end later are not counted. */
    override fun close(): Unit = meters.close()

    private companion object {
        const val NOT_FOUND = 404
        const val NOT_ALLOWED = 405
        val REDIRECTION = 300..399
    }
}
