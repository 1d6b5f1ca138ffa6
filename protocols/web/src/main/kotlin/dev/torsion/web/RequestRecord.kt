// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.clock.Clock
import dev.torsion.log.escaped
import dev.torsion.net.Address
import java.time.Duration
import java.time.Instant

/**
 * One request and its answer, as a [RequestListener] hears of them.
 *
 * Thread: the reactor's until the request has ended. After that it does not change, and any thread may read it.
 *
 * @property method the method as it came; null when the head was refused before it was understood
 * @property target the target as it came, with its query; null in the same case
 * @property isHttp11 false for HTTP/1.0
 * @property headers the fields of the request; none when its head was refused
 * @property peer the address at the other end of the connection
 * @property client the address of the client: [peer], or what trusted proxies say
 * @property receivedAt when the head was whole
 */
public class RequestRecord internal constructor(
    @get:JvmName("method") public val method: String?,
    @get:JvmName("target") public val target: String?,
    @get:JvmName("isHttp11") public val isHttp11: Boolean,
    @get:JvmName("headers") public val headers: Headers,
    @get:JvmName("peer") public val peer: Address,
    @get:JvmName("client") public val client: Address,
    private val clock: Clock,
) {
    private val began = clock.nanoTime()

    @get:JvmName("receivedAt")
    public val receivedAt: Instant = Instant.now()

    /** The name of the request in logs; null when the site has no [HttpServerOptions.requestIds]. */
    @get:JvmName("requestId")
    public var requestId: String? = null
        @JvmSynthetic internal set

    /** See [Request.user]. A name may have any characters: escape it before it goes into a text. */
    @get:JvmName("user")
    public var user: String? = null
        @JvmSynthetic internal set

    /**
     * The pattern of the route that the request has found, such as `/users/{id}`, with the paths that its router is mounted at; `/files/`
     * and two stars when the handler that is mounted at `/files` has no patterns. Null when no [Router] has found any. So the number of
     * patterns is limited by the routes of the program.
     */
    @get:JvmName("route")
    public var route: String? = null
        @JvmSynthetic internal set

    /** The status of the answer; 0 when none was begun. */
    @get:JvmName("status")
    public var status: Int = 0
        @JvmSynthetic internal set

    /** How many bytes of the request's body have come, without the framing of chunks. */
    @get:JvmName("bytesReceived")
    public var bytesReceived: Long = 0
        @JvmSynthetic internal set

    /** How many bytes of the answer's body were sent, without the framing of chunks: the operating system has taken them. */
    @get:JvmName("bytesSent")
    public var bytesSent: Long = 0
        @JvmSynthetic internal set

    /** From the whole head until the end; zero before that. */
    @get:JvmName("duration")
    public var duration: Duration = Duration.ZERO
        private set

    /** Whether the request has ended, and its answer is whole. Otherwise it was cut, or there is none. */
    @get:JvmName("isWhole")
    public var isWhole: Boolean = false
        private set

    /**
     * Why the answer is not that of the handler, or is not whole: the rule that the request breaks, the handler's error, a time that was over,
     * the end of the connection; null when there is no reason.
     */
    @get:JvmName("cause")
    public var cause: Throwable? = null
        @JvmSynthetic internal set

    /** Whether [end] was called. */
    @get:JvmSynthetic
    internal var hasEnded: Boolean = false
        private set

    /** [isWhole] once the answer is written and sent; the first call counts. */
    @JvmSynthetic
    internal fun end(isWhole: Boolean, cause: Throwable?): Boolean {
        if (hasEnded) return false
        hasEnded = true
        this.isWhole = isWhole
        this.cause = cause
        duration = Duration.ofNanos(clock.nanoTime() - began)
        return true
    }

    /** Without the query, which may have secrets. */
    override fun toString(): String = "RequestRecord($method ${escaped(target.orEmpty().substringBefore('?'))}, $status, " +
        "$bytesSent bytes, ${if (isWhole) "whole" else "not whole"})"
}
