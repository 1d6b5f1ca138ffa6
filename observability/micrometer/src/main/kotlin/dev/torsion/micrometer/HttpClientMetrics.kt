// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.micrometer

import dev.torsion.web.client.ClientRequest
import dev.torsion.web.client.ClientRequestListener
import dev.torsion.web.client.ClientRequestRecord
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags
import java.util.concurrent.ConcurrentHashMap

/**
 * The requests of agents of `torsion-web` as Micrometer's meters, with its usual names.
 *
 * ```java
 * HttpClientOptions options = HttpClientOptions.DEFAULT.withListener(new HttpClientMetrics(registry));
 * HttpClient.of(reactor, options).get(base + "/users/7").route("/users/{id}").text();
 * ```
 *
 * | Meter | Type | Unit | What |
 * |---|---|---|---|
 * | `http.client.requests` | timer | time | requests that are over: their number, and the time from the call until the whole answer was read, or none comes |
 * | `http.client.requests.active` | gauge | requests | requests that are not over |
 * | `http.client.request.size` | summary | bytes | bodies of requests |
 * | `http.client.response.size` | summary | bytes | bodies of answers, as they came |
 *
 * All but the gauge have the tags `method`, `uri`, `client.name`, `status` and `outcome`, and the timer `exception` besides.
 *
 * | Tag | Values |
 * |---|---|
 * | `method` | the methods of RFC 9110 and PATCH; `OTHER` |
 * | `uri` | the [route][ClientRequest.route], such as `/users/{id}`; `none`. Never a URL |
 * | `client.name` | the host that was asked |
 * | `status` | the status; `IO_ERROR` where no answer has come |
 * | `outcome` | `SUCCESS`, `REDIRECTION`, `CLIENT_ERROR`, `SERVER_ERROR`; `UNKNOWN` |
 * | `exception` | the class of [ClientRequestRecord.cause], without its package; `none` |
 *
 * There are [MOST_NAMES] hosts and as many routes at most; further ones are `OTHER`. So neither a crawler nor a route that is no pattern fills the registry.
 *
 * Thread: any. One listener may serve several agents.
 *
 * @param registry where the meters are
 * @param tags what else they are tagged with
 */
public class HttpClientMetrics
@JvmOverloads
constructor(registry: MeterRegistry, tags: Iterable<Tag> = Tags.empty()) :
    ClientRequestListener,
    AutoCloseable {
    private val meters = HttpMeters(registry, "http.client", Tags.of(tags))
    private val hosts = Names()
    private val routes = Names()

    override fun begun(record: ClientRequestRecord): Unit = meters.begun()

    override fun ended(record: ClientRequestRecord) {
        val request = record.request
        val uri = request.route?.let(routes::of) ?: "none"
        val host = hosts.of(request.url.host?.lowercase() ?: "none")
        val kind = HttpKind(HttpKind.methodOf(request.method), uri, record.status, host, HttpKind.nameOf(record.cause))
        meters.ended(kind, record.duration, record.bytesSent, record.bytesReceived)
    }

    /** Takes the meters out of the registry. Requests that end later are not counted. */
    override fun close(): Unit = meters.close()

    /** The first names that come. */
    private class Names {
        private val known = ConcurrentHashMap.newKeySet<String>()

        fun of(name: String): String = if (name in known || isTaken(name)) name else "OTHER"

        @Synchronized
        private fun isTaken(name: String) = name in known || (known.size < MOST_NAMES && known.add(name))
    }

    public companion object {
        /** How many hosts and how many routes have meters of their own: 100. */
        public const val MOST_NAMES: Int = 100
    }
}
