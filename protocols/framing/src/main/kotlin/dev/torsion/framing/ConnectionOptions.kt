// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.TcpOptions
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
 * @property transport options of the connections below, such as the water marks and the limit of what waits to be sent; for endpoints that
 *   are given as strings. An endpoint that is an object has its own, by its `withOptions`: with it, other options here are refused
 */
public class ConnectionOptions private constructor(
    public val inboundLimit: Int,
    public val requestLimit: Int,
    public val idleTimeout: Duration?,
    public val maxConnections: Int,
    public val readIdleTimeout: Duration?,
    public val writeIdleTimeout: Duration?,
    public val frameTimeout: Duration?,
    public val halfClose: Boolean,
    public val answerTimeout: Duration,
    public val name: String?,
    public val transport: TcpOptions,
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

    @get:JvmSynthetic
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

    /** These options with another [transport]. */
    public fun withTransport(options: TcpOptions): ConnectionOptions = copy(transport = options)

    /** These options after a string was made an endpoint, which has [transport] now. */
    @JvmSynthetic
    internal fun withoutTransport(): ConnectionOptions = if (transport == TcpOptions.DEFAULT) this else withTransport(TcpOptions.DEFAULT)

    /** Nobody would hear of [transport] here, so that its limits would not hold. */
    @JvmSynthetic
    internal fun refuseTransport() = require(transport == TcpOptions.DEFAULT) {
        "ConnectionOptions.transport is for endpoints that are strings: give these options to the endpoint instead, by its withOptions, " +
            "or to listenTcp: $transport"
    }

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        inboundLimit: Int = this.inboundLimit,
        requestLimit: Int = this.requestLimit,
        idleTimeout: Duration? = this.idleTimeout,
        maxConnections: Int = this.maxConnections,
        readIdleTimeout: Duration? = this.readIdleTimeout,
        writeIdleTimeout: Duration? = this.writeIdleTimeout,
        frameTimeout: Duration? = this.frameTimeout,
        halfClose: Boolean = this.halfClose,
        answerTimeout: Duration = this.answerTimeout,
        name: String? = this.name,
        transport: TcpOptions = this.transport,
    ): ConnectionOptions = ConnectionOptions(
        inboundLimit, requestLimit, idleTimeout, maxConnections, readIdleTimeout, writeIdleTimeout,
        frameTimeout, halfClose, answerTimeout, name, transport,
    )

    private fun values() = listOf<Any?>(
        inboundLimit, requestLimit, idleTimeout, maxConnections, readIdleTimeout, writeIdleTimeout,
        frameTimeout, halfClose, answerTimeout, name, transport,
    )

    override fun equals(other: Any?): Boolean = other is ConnectionOptions && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String =
        "ConnectionOptions(inboundLimit=$inboundLimit, requestLimit=$requestLimit, idleTimeout=$idleTimeout, " +
            "maxConnections=$maxConnections, readIdleTimeout=$readIdleTimeout, " +
            "writeIdleTimeout=$writeIdleTimeout, frameTimeout=$frameTimeout, halfClose=$halfClose, " +
            "answerTimeout=$answerTimeout, name=$name, transport=$transport)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: ConnectionOptions) {
        private var inboundLimit: Int = options.inboundLimit
        private var requestLimit: Int = options.requestLimit
        private var idleTimeout: Duration? = options.idleTimeout
        private var maxConnections: Int = options.maxConnections
        private var readIdleTimeout: Duration? = options.readIdleTimeout
        private var writeIdleTimeout: Duration? = options.writeIdleTimeout
        private var frameTimeout: Duration? = options.frameTimeout
        private var halfClose: Boolean = options.halfClose
        private var answerTimeout: Duration = options.answerTimeout
        private var name: String? = options.name
        private var transport: TcpOptions = options.transport

        /** See [ConnectionOptions.inboundLimit]. */
        public fun inboundLimit(value: Int): Builder = apply { inboundLimit = value }

        /** See [ConnectionOptions.requestLimit]. */
        public fun requestLimit(value: Int): Builder = apply { requestLimit = value }

        /** See [ConnectionOptions.idleTimeout]. */
        public fun idleTimeout(value: Duration?): Builder = apply { idleTimeout = value }

        /** See [ConnectionOptions.maxConnections]. */
        public fun maxConnections(value: Int): Builder = apply { maxConnections = value }

        /** See [ConnectionOptions.readIdleTimeout]. */
        public fun readIdleTimeout(value: Duration?): Builder = apply { readIdleTimeout = value }

        /** See [ConnectionOptions.writeIdleTimeout]. */
        public fun writeIdleTimeout(value: Duration?): Builder = apply { writeIdleTimeout = value }

        /** See [ConnectionOptions.frameTimeout]. */
        public fun frameTimeout(value: Duration?): Builder = apply { frameTimeout = value }

        /** See [ConnectionOptions.halfClose]. */
        public fun halfClose(value: Boolean): Builder = apply { halfClose = value }

        /** See [ConnectionOptions.answerTimeout]. */
        public fun answerTimeout(value: Duration): Builder = apply { answerTimeout = value }

        /** See [ConnectionOptions.name]. */
        public fun name(value: String?): Builder = apply { name = value }

        /** See [ConnectionOptions.transport]. */
        public fun transport(value: TcpOptions): Builder = apply { transport = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): ConnectionOptions = ConnectionOptions(
            inboundLimit, requestLimit, idleTimeout, maxConnections, readIdleTimeout, writeIdleTimeout,
            frameTimeout, halfClose, answerTimeout, name, transport,
        )
    }

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: ConnectionOptions = ConnectionOptions()

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            inboundLimit: Int = 16,
            requestLimit: Int = 1024,
            idleTimeout: Duration? = null,
            maxConnections: Int = Int.MAX_VALUE,
            readIdleTimeout: Duration? = null,
            writeIdleTimeout: Duration? = null,
            frameTimeout: Duration? = null,
            halfClose: Boolean = false,
            answerTimeout: Duration = Duration.ofSeconds(10),
            name: String? = null,
            transport: TcpOptions = TcpOptions.DEFAULT,
        ): ConnectionOptions = ConnectionOptions(
            inboundLimit, requestLimit, idleTimeout, maxConnections, readIdleTimeout, writeIdleTimeout,
            frameTimeout, halfClose, answerTimeout, name, transport,
        )

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
