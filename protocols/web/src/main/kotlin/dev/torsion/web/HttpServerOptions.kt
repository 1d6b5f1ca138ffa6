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
 * @property handlerTimeout how long a handler may take until its answer is there; 60 s. It counts from the head of the request on, so also while
 *   the body comes. Then the handler is cancelled, and the answer is 503; or 408 when it was waiting for the body
 * @property writeTimeout how long a client may take nothing of what was written; 60 s. Then its connection is reset
 */
public class HttpServerOptions private constructor(
    public val limits: HttpLimits,
    public val idleTimeout: Duration,
    public val headTimeout: Duration,
    public val bodyTimeout: Duration,
    public val handlerTimeout: Duration,
    public val writeTimeout: Duration,
) {
    init {
        listOf(idleTimeout, headTimeout, bodyTimeout, handlerTimeout, writeTimeout).forEach {
            require(!it.isNegative && !it.isZero) { "a time-out must be positive, but $it was given" }
        }
    }

    /** These options with other [limits]. */
    public fun withLimits(limits: HttpLimits): HttpServerOptions = with(limits = limits)

    /** These options with another [idleTimeout]. */
    public fun withIdleTimeout(timeout: Duration): HttpServerOptions = with(idleTimeout = timeout)

    /** These options with another [headTimeout]. */
    public fun withHeadTimeout(timeout: Duration): HttpServerOptions = with(headTimeout = timeout)

    /** These options with another [bodyTimeout]. */
    public fun withBodyTimeout(timeout: Duration): HttpServerOptions = with(bodyTimeout = timeout)

    /** These options with another [handlerTimeout]. */
    public fun withHandlerTimeout(timeout: Duration): HttpServerOptions = with(handlerTimeout = timeout)

    /** These options with another [writeTimeout]. */
    public fun withWriteTimeout(timeout: Duration): HttpServerOptions = with(writeTimeout = timeout)

    private fun with(
        limits: HttpLimits = this.limits,
        idleTimeout: Duration = this.idleTimeout,
        headTimeout: Duration = this.headTimeout,
        bodyTimeout: Duration = this.bodyTimeout,
        handlerTimeout: Duration = this.handlerTimeout,
        writeTimeout: Duration = this.writeTimeout,
    ) = HttpServerOptions(limits, idleTimeout, headTimeout, bodyTimeout, handlerTimeout, writeTimeout)

    override fun toString(): String = "HttpServerOptions($limits, idle $idleTimeout, head $headTimeout, body $bodyTimeout, " +
        "handler $handlerTimeout, write $writeTimeout)"

    public companion object {
        /** The options that hold where none are given. */
        @JvmField
        public val DEFAULT: HttpServerOptions = HttpServerOptions(
            HttpLimits.DEFAULT,
            idleTimeout = Duration.ofSeconds(60),
            headTimeout = Duration.ofSeconds(10),
            bodyTimeout = Duration.ofSeconds(30),
            handlerTimeout = Duration.ofSeconds(60),
            writeTimeout = Duration.ofSeconds(60),
        )
    }
}
