// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.time.Duration

/**
 * How a server behaves. Immutable; the defaults are safe for a public server.
 *
 * ```java
 * HttpServerOptions options = HttpServerOptions.DEFAULT.withHandlerTimeout(Duration.ofMinutes(5));
 * ```
 *
 * @property limits of a request
 * @property idleTimeout how long a connection may be open without a request; 60 s. Then it is closed
 * @property headTimeout how long a head may take from its first byte; 10 s. Then it is answered with 408
 * @property bodyTimeout how long the next byte of a body may take; 30 s. Then reading the body fails, and the answer is 408
 * @property minimumBodyRate how many bytes of a body a client has to send in a second, on average; 240. A client may be up to 60 s behind
 *   this rate. Time in which the server does not read does not count. Then it is as with [bodyTimeout]. 0 for none
 * @property handlerTimeout how long a handler may take until its answer is there; 60 s. The time counts from the head of the request on,
 *   also while the body comes. Then the handler is cancelled, and the answer is 503; or 408 when it was waiting for the body
 * @property writeTimeout how long a client may take nothing of what was written; 60 s. Then its connection is reset
 * @property maxConnections how many connections a site may have; 10,000. One more is closed at once
 * @property maxConnectionsByPeer how many of them may be with one peer; 1,024. A peer is an address of IPv4, or the first 64 bits of an
 *   address of IPv6. One more is closed at once. [trustedProxies] and peers of UNIX sockets may have as many as they like
 * @property trustedProxies the proxies that say who the client is; null, the default, when there are none
 * @property requestIds gives each request an id; null, the default, for none
 * @property listener hears of the requests; null, the default, when nobody does
 */
public class HttpServerOptions private constructor(
    public val limits: HttpLimits,
    public val idleTimeout: Duration,
    public val headTimeout: Duration,
    public val bodyTimeout: Duration,
    public val minimumBodyRate: Long,
    public val handlerTimeout: Duration,
    public val writeTimeout: Duration,
    public val maxConnections: Int,
    public val maxConnectionsByPeer: Int,
    public val trustedProxies: TrustedProxies?,
    public val requestIds: RequestIds?,
    public val listener: RequestListener?,
) {
    init {
        listOf(idleTimeout, headTimeout, bodyTimeout, handlerTimeout, writeTimeout).forEach {
            require(!it.isNegative && !it.isZero) { "a time-out must be positive, but $it was given" }
        }
        require(minimumBodyRate in 0..MOST_RATE) { "a rate must be 0 to $MOST_RATE bytes per second, but is $minimumBodyRate" }
        require(maxConnections > 0) { "maxConnections must be positive, but is $maxConnections" }
        require(maxConnectionsByPeer > 0) { "maxConnectionsByPeer must be positive, but is $maxConnectionsByPeer" }
    }

    /** These options with other [limits]. */
    public fun withLimits(limits: HttpLimits): HttpServerOptions = with(limits = limits)

    /** These options with another [idleTimeout]. */
    public fun withIdleTimeout(timeout: Duration): HttpServerOptions = with(idleTimeout = timeout)

    /** These options with another [headTimeout]. */
    public fun withHeadTimeout(timeout: Duration): HttpServerOptions = with(headTimeout = timeout)

    /** These options with another [bodyTimeout]. */
    public fun withBodyTimeout(timeout: Duration): HttpServerOptions = with(bodyTimeout = timeout)

    /** These options with another [minimumBodyRate]. */
    public fun withMinimumBodyRate(bytesPerSecond: Long): HttpServerOptions = with(minimumBodyRate = bytesPerSecond)

    /** These options with another [handlerTimeout]. */
    public fun withHandlerTimeout(timeout: Duration): HttpServerOptions = with(handlerTimeout = timeout)

    /** These options with another [writeTimeout]. */
    public fun withWriteTimeout(timeout: Duration): HttpServerOptions = with(writeTimeout = timeout)

    /** These options with another [maxConnections]. */
    public fun withMaxConnections(most: Int): HttpServerOptions = with(maxConnections = most)

    /** These options with another [maxConnectionsByPeer]. */
    public fun withMaxConnectionsByPeer(most: Int): HttpServerOptions = with(maxConnectionsByPeer = most)

    /** These options with other [trustedProxies], or none. */
    public fun withTrustedProxies(proxies: TrustedProxies?): HttpServerOptions = with(trustedProxies = proxies)

    /** These options with [ids], or none. */
    public fun withRequestIds(ids: RequestIds?): HttpServerOptions = with(requestIds = ids)

    /** These options with another [listener], or none; [RequestListener.and] makes one of two. */
    public fun withListener(listener: RequestListener?): HttpServerOptions = with(listener = listener)

    private fun with(
        limits: HttpLimits = this.limits,
        idleTimeout: Duration = this.idleTimeout,
        headTimeout: Duration = this.headTimeout,
        bodyTimeout: Duration = this.bodyTimeout,
        minimumBodyRate: Long = this.minimumBodyRate,
        handlerTimeout: Duration = this.handlerTimeout,
        writeTimeout: Duration = this.writeTimeout,
        maxConnections: Int = this.maxConnections,
        maxConnectionsByPeer: Int = this.maxConnectionsByPeer,
        trustedProxies: TrustedProxies? = this.trustedProxies,
        requestIds: RequestIds? = this.requestIds,
        listener: RequestListener? = this.listener,
    ) = HttpServerOptions(
        limits,
        idleTimeout,
        headTimeout,
        bodyTimeout,
        minimumBodyRate,
        handlerTimeout,
        writeTimeout,
        maxConnections,
        maxConnectionsByPeer,
        trustedProxies,
        requestIds,
        listener,
    )

    override fun toString(): String = "HttpServerOptions($limits, idle $idleTimeout, head $headTimeout, body $bodyTimeout and " +
        "$minimumBodyRate bytes/s, handler $handlerTimeout, write $writeTimeout, $maxConnections connections, " +
        "$maxConnectionsByPeer of one peer, $trustedProxies)"

    public companion object {
        private const val MOST_RATE = 10_000_000_000L

        /** The options that hold where none are given. */
        @JvmField
        public val DEFAULT: HttpServerOptions = HttpServerOptions(
            HttpLimits.DEFAULT,
            idleTimeout = Duration.ofSeconds(60),
            headTimeout = Duration.ofSeconds(10),
            bodyTimeout = Duration.ofSeconds(30),
            minimumBodyRate = 240,
            handlerTimeout = Duration.ofSeconds(60),
            writeTimeout = Duration.ofSeconds(60),
            maxConnections = 10_000,
            maxConnectionsByPeer = 1_024,
            trustedProxies = null,
            requestIds = null,
            listener = null,
        )
    }
}
