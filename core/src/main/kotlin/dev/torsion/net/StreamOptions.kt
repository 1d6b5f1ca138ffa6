// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.time.Duration

/**
 * Limits of a byte stream of any kind. Immutable; the defaults are safe for a public server.
 *
 * @property highWaterMark bytes in the write queue above which a producer is paused and `whenWritable` waits; 64 KiB, as in Twisted
 * @property lowWaterMark bytes at which they go on; 16 KiB
 * @property writeLimit bytes in the write queue above which a connection is aborted with [WriteLimitExceededException]; 16 MiB. A single
 *   write may be larger, when the bytes before it are within the limit: then it does not count
 * @property closeTimeout how long [Transport.loseConnection] waits for a peer that does not read, before the rest is dropped; 30 s
 * @property throttle how fast the streams may be; null for no limit
 * @property listener hears what happens on each stream; null for nobody
 * @property minimumRate how fast the peers have to be; null for as slow as they like
 */
public class StreamOptions private constructor(
    public val highWaterMark: Int,
    public val lowWaterMark: Int,
    public val writeLimit: Long,
    public val closeTimeout: Duration,
    public val throttle: Throttle?,
    public val listener: ConnectionListenerFactory?,
    public val minimumRate: MinimumRate?,
) {
    init {
        require(lowWaterMark >= 0) { "lowWaterMark must not be negative, but is $lowWaterMark" }
        require(highWaterMark > lowWaterMark) { "highWaterMark ($highWaterMark) must be above lowWaterMark ($lowWaterMark)" }
        require(writeLimit > highWaterMark) { "writeLimit ($writeLimit) must be above highWaterMark ($highWaterMark)" }
        require(!closeTimeout.isNegative && !closeTimeout.isZero) { "closeTimeout must be positive, but is $closeTimeout" }
    }

    /** These options with other marks. */
    public fun withWaterMarks(low: Int, high: Int): StreamOptions = copy(highWaterMark = high, lowWaterMark = low)

    /** These options with another [writeLimit]. */
    public fun withWriteLimit(limit: Long): StreamOptions = copy(writeLimit = limit)

    /** These options with another [closeTimeout]. */
    public fun withCloseTimeout(timeout: Duration): StreamOptions = copy(closeTimeout = timeout)

    /** These options with another [throttle]. */
    public fun withThrottle(throttle: Throttle?): StreamOptions = copy(throttle = throttle)

    /** These options with another [listener]. */
    public fun withListener(listener: ConnectionListenerFactory?): StreamOptions = copy(listener = listener)

    /** These options with another [minimumRate]. */
    public fun withMinimumRate(rate: MinimumRate?): StreamOptions = copy(minimumRate = rate)

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        highWaterMark: Int = this.highWaterMark,
        lowWaterMark: Int = this.lowWaterMark,
        writeLimit: Long = this.writeLimit,
        closeTimeout: Duration = this.closeTimeout,
        throttle: Throttle? = this.throttle,
        listener: ConnectionListenerFactory? = this.listener,
        minimumRate: MinimumRate? = this.minimumRate,
    ): StreamOptions = StreamOptions(highWaterMark, lowWaterMark, writeLimit, closeTimeout, throttle, listener, minimumRate)

    private fun values() = listOf<Any?>(highWaterMark, lowWaterMark, writeLimit, closeTimeout, throttle, listener, minimumRate)

    override fun equals(other: Any?): Boolean = other is StreamOptions && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String = "StreamOptions(highWaterMark=$highWaterMark, lowWaterMark=$lowWaterMark, writeLimit=$writeLimit, " +
        "closeTimeout=$closeTimeout, throttle=$throttle, listener=$listener, minimumRate=$minimumRate)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: StreamOptions) {
        private var highWaterMark: Int = options.highWaterMark
        private var lowWaterMark: Int = options.lowWaterMark
        private var writeLimit: Long = options.writeLimit
        private var closeTimeout: Duration = options.closeTimeout
        private var throttle: Throttle? = options.throttle
        private var listener: ConnectionListenerFactory? = options.listener
        private var minimumRate: MinimumRate? = options.minimumRate

        /** See [StreamOptions.highWaterMark]. */
        public fun highWaterMark(value: Int): Builder = apply { highWaterMark = value }

        /** See [StreamOptions.lowWaterMark]. */
        public fun lowWaterMark(value: Int): Builder = apply { lowWaterMark = value }

        /** See [StreamOptions.writeLimit]. */
        public fun writeLimit(value: Long): Builder = apply { writeLimit = value }

        /** See [StreamOptions.closeTimeout]. */
        public fun closeTimeout(value: Duration): Builder = apply { closeTimeout = value }

        /** See [StreamOptions.throttle]. */
        public fun throttle(value: Throttle?): Builder = apply { throttle = value }

        /** See [StreamOptions.listener]. */
        public fun listener(value: ConnectionListenerFactory?): Builder = apply { listener = value }

        /** See [StreamOptions.minimumRate]. */
        public fun minimumRate(value: MinimumRate?): Builder = apply { minimumRate = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): StreamOptions =
            StreamOptions(highWaterMark, lowWaterMark, writeLimit, closeTimeout, throttle, listener, minimumRate)
    }

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: StreamOptions = StreamOptions()

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            highWaterMark: Int = 64 * 1024,
            lowWaterMark: Int = 16 * 1024,
            writeLimit: Long = 16L * 1024 * 1024,
            closeTimeout: Duration = Duration.ofSeconds(30),
            throttle: Throttle? = null,
            listener: ConnectionListenerFactory? = null,
            minimumRate: MinimumRate? = null,
        ): StreamOptions = StreamOptions(highWaterMark, lowWaterMark, writeLimit, closeTimeout, throttle, listener, minimumRate)

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
