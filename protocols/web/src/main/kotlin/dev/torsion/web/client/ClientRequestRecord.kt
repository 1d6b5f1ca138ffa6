// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.clock.Clock
import java.time.Duration

/**
 * One request of an [HttpAgent] and its answer, as a [ClientRequestListener] hears of them.
 *
 * Thread: the reactor's until the request has ended. After that it does not change, and any thread may read it.
 *
 * @property request the request. Figures are kept by its [ClientRequest.route], not by its URL: there are too many URLs
 */
public class ClientRequestRecord internal constructor(@get:JvmName("request") public val request: ClientRequest, private val clock: Clock) {
    private val began = clock.nanoTime()
    private var isEnded = false

    /** The status of the answer; 0 when none has come. */
    @get:JvmName("status")
    public var status: Int = 0
        @JvmSynthetic internal set

    /** How many bytes of the request's body were written, without the framing of chunks. */
    @get:JvmName("bytesSent")
    public var bytesSent: Long = 0
        @JvmSynthetic internal set

    /** How many bytes of the answer's body have come, without the framing of chunks, as they came: a coding is still on them. */
    @get:JvmName("bytesReceived")
    public var bytesReceived: Long = 0
        @JvmSynthetic internal set

    /** From the call until the end, with the time in the queue and that of connecting; zero before that. */
    @get:JvmName("duration")
    public var duration: Duration = Duration.ZERO
        private set

    /** Whether the request has ended, and its whole answer has come. */
    @get:JvmName("isWhole")
    public var isWhole: Boolean = false
        private set

    /** Why the answer is not whole; null when it is, or when nobody wanted it any more. */
    @get:JvmName("cause")
    public var cause: Throwable? = null
        private set

    /** The request is sent, perhaps for a second time. Numbers of an earlier try do not count. */
    @JvmSynthetic
    internal fun again() {
        status = 0
        bytesSent = 0
        bytesReceived = 0
    }

    /** The first call counts. */
    @JvmSynthetic
    internal fun end(isWhole: Boolean, cause: Throwable?): Boolean {
        if (isEnded) return false
        isEnded = true
        this.isWhole = isWhole
        this.cause = cause
        duration = Duration.ofNanos(clock.nanoTime() - began)
        return true
    }

    /** Without the query, which may have secrets. */
    override fun toString(): String =
        "ClientRequestRecord($request, $status, $bytesReceived bytes, ${if (isWhole) "whole" else "not whole"})"
}
