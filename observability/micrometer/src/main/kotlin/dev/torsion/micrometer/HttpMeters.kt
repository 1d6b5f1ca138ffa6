// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.micrometer

import io.micrometer.core.instrument.DistributionSummary
import io.micrometer.core.instrument.Gauge
import io.micrometer.core.instrument.Meter
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tags
import io.micrometer.core.instrument.Timer
import java.time.Duration
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger

/** The requests that have the same meters. A [host] is there for clients only. */
internal data class HttpKind(val method: String, val uri: String, val status: Int, val host: String?, val exception: String) {
    fun tags(isServer: Boolean): Tags {
        val none = if (isServer) "CLIENT_GONE" else "IO_ERROR"
        val common = Tags.of("method", method, "uri", uri, "status", if (status == 0) none else "$status", "outcome", outcome)
        return if (host == null) common else common.and("client.name", host)
    }

    private val outcome: String get() = when (status / CLASS) {
        2 -> "SUCCESS"
        3 -> "REDIRECTION"
        4 -> "CLIENT_ERROR"
        5 -> "SERVER_ERROR"
        else -> "UNKNOWN"
    }

    companion object {
        private const val CLASS = 100
        private val METHODS = setOf("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")

        /** A client may send any token as a method. */
        fun methodOf(method: String?): String = if (method in METHODS) method!! else "OTHER"

        fun nameOf(cause: Throwable?): String = cause?.javaClass?.name?.substringAfterLast('.') ?: "none"
    }
}

/** The meters of one side, under [prefix]. Those of a [HttpKind] are made with its first request. */
internal class HttpMeters(private val registry: MeterRegistry, private val prefix: String, private val tags: Tags) : AutoCloseable {
    private class Of(val time: Timer, val requests: DistributionSummary, val responses: DistributionSummary)

    private val active = AtomicInteger()
    private val known = ConcurrentHashMap<HttpKind, Of>()

    private var isClosed = false
    private val gauge =
        Gauge.builder("$prefix.requests.active", active) { it.toDouble() }
            .baseUnit("requests").description("Requests that are not over").tags(tags).strongReference(true).register(registry)

    fun begun() {
        active.incrementAndGet()
    }

    fun ended(kind: HttpKind, time: Duration, requestBytes: Long, responseBytes: Long) {
        active.decrementAndGet()
        val meters = known[kind] ?: make(kind) ?: return
        meters.time.record(time)
        meters.requests.record(requestBytes.toDouble())
        meters.responses.record(responseBytes.toDouble())
    }

    /** Null when they are closed: one that is made then would stay in the registry. */
    @Synchronized
    private fun make(kind: HttpKind): Of? = if (isClosed) null else known.getOrPut(kind) { made(kind) }

    private fun made(kind: HttpKind): Of {
        val all = tags.and(kind.tags(isServer = prefix == "http.server"))
        val time = Timer.builder("$prefix.requests").description("Requests that are over").tags(all.and("exception", kind.exception))
        return Of(time.register(registry), size("request", all), size("response", all))
    }

    private fun size(what: String, tags: Tags) = DistributionSummary.builder("$prefix.$what.size")
        .baseUnit("bytes").description("The body of each $what").tags(tags).register(registry)

    @Synchronized
    override fun close() {
        isClosed = true
        val all = known.values.flatMap { listOf<Meter>(it.time, it.requests, it.responses) } + gauge
        all.forEach(registry::remove)
        known.clear()
    }
}
