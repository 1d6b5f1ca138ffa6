// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.time.Duration

/**
 * Limits of the connections of a server or client. Immutable.
 *
 * ```java
 * var options = ConnectionOptions.DEFAULT.withReadIdleTimeout(Duration.ofSeconds(30)).withName("prices");
 * ```
 *
 * @property inboundLimit how many messages may wait to be received, before the transport is paused. 16 unless given
 * @property requestLimit how many requests may wait for their answers at once; 1024 unless given
 * @property idleTimeout the time without a message in either direction after which a connection is aborted with an [IdleTimeoutException];
 *   null, the default, for never. Time in which output goes out does not count. Neither does time in which a message waits to be received,
 *   or in which a handler is busy with it. Stalled output is noticed a quarter of the time later at most
 * @property maxConnections for a server: how many connections there may be at once. One more is closed at once. Unlimited unless given
 * @property readIdleTimeout the time in which nothing is received after which a connection is aborted with a [ReadIdleTimeoutException];
 *   null, the default, for never. Time in which a message waits to be received, or a handler is busy with it, does not count. With heartbeats of the peer
 *   it finds a peer that is dead: give it two or three of their intervals
 * @property writeIdleTimeout the time in which nothing is sent after which a connection is aborted with a [WriteIdleTimeoutException];
 *   null, the default, for never. Output that waits and goes out counts as sent. Output that is stuck does not, after 30 seconds at least
 * @property frameTimeout how long the peer may take for one frame, from the first byte that comes until the last. After that the frame
 *   counts as a violation, a [FrameTimeoutException]. Null, the default, for ever. Time in which the connection does not read does not count
 * @property halfClose whether handlers go on for as long as they like when the peer has ended its side. By default they are cancelled
 *   then, see [serve][dev.torsion.framing.serve]
 * @property answerTimeout without [halfClose]: how long a handler that is at work on the last message, or has seen the end, may send
 *   nothing before it is cancelled and the connection aborted with an [AnswerTimeoutException]; 10 s. While its output goes out the time stands still
 * @property name what the log calls these connections, and the port or client that they belong to; null, the default, for a description
 */
public data class ConnectionOptions
@JvmOverloads
constructor(
    public val inboundLimit: Int = 16,
    public val requestLimit: Int = 1024,
    public val idleTimeout: Duration? = null,
    public val maxConnections: Int = Int.MAX_VALUE,
    public val readIdleTimeout: Duration? = null,
    public val writeIdleTimeout: Duration? = null,
    public val frameTimeout: Duration? = null,
    public val halfClose: Boolean = false,
    public val answerTimeout: Duration = Duration.ofSeconds(10),
    public val name: String? = null,
) {
    init {
        require(inboundLimit > 0) { "inboundLimit must be positive, but is $inboundLimit" }
        require(requestLimit > 0) { "requestLimit must be positive, but is $requestLimit" }
        checkPositive("idleTimeout", idleTimeout)
        require(maxConnections > 0) { "maxConnections must be positive, but is $maxConnections" }
        checkPositive("readIdleTimeout", readIdleTimeout)
        checkPositive("writeIdleTimeout", writeIdleTimeout)
        checkPositive("frameTimeout", frameTimeout)
        checkPositive("answerTimeout", answerTimeout)
        require(name == null || name.isNotBlank()) { "name must not be blank" }
    }

    private fun checkPositive(what: String, time: Duration?) =
        require(time == null || time > Duration.ZERO) { "$what must be positive, but is $time" }

    internal val idleLimits get() = IdleLimits(idleTimeout, readIdleTimeout, writeIdleTimeout)

    /** These options with another [inboundLimit]. */
    public fun withInboundLimit(messages: Int): ConnectionOptions = copy(inboundLimit = messages)

    /** These options with another [requestLimit]. */
    public fun withRequestLimit(requests: Int): ConnectionOptions = copy(requestLimit = requests)

    /** These options with another [idleTimeout]. */
    public fun withIdleTimeout(timeout: Duration?): ConnectionOptions = copy(idleTimeout = timeout)

    /** These options with another [maxConnections]. */
    public fun withMaxConnections(connections: Int): ConnectionOptions = copy(maxConnections = connections)

    /** These options with another [readIdleTimeout]. */
    public fun withReadIdleTimeout(timeout: Duration?): ConnectionOptions = copy(readIdleTimeout = timeout)

    /** These options with another [writeIdleTimeout]. */
    public fun withWriteIdleTimeout(timeout: Duration?): ConnectionOptions = copy(writeIdleTimeout = timeout)

    /** These options with another [frameTimeout]. */
    public fun withFrameTimeout(timeout: Duration?): ConnectionOptions = copy(frameTimeout = timeout)

    /** These options with another [halfClose]. */
    public fun withHalfClose(isOn: Boolean): ConnectionOptions = copy(halfClose = isOn)

    /** These options with another [answerTimeout]. */
    public fun withAnswerTimeout(timeout: Duration): ConnectionOptions = copy(answerTimeout = timeout)

    /** These options with another [name]. */
    public fun withName(name: String?): ConnectionOptions = copy(name = name)

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: ConnectionOptions = ConnectionOptions()
    }
}
