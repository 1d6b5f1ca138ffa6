// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.time.Duration

/**
 * Limits of requests whose answers name them. Immutable.
 *
 * @property requestLimit how many requests may wait for their answers at once; 1024 unless given
 * @property timeout how long a request waits for its answer; 30 s unless given, null for ever
 * @property pushLimit how many messages that answer nothing may wait for their handler; 64 unless given. When there are so many, nothing is
 *   read until one is done with. Without a handler, so many wait for it, and more are dropped
 */
public class CorrelationOptions private constructor(
    public val requestLimit: Int,
    public val timeout: Duration?,
    public val pushLimit: Int,
) {
    init {
        require(requestLimit > 0) { "requestLimit must be positive, but is $requestLimit" }
        require(timeout == null || timeout > Duration.ZERO) { "timeout must be positive, but is $timeout" }
        require(pushLimit > 0) { "pushLimit must be positive, but is $pushLimit" }
    }

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        requestLimit: Int = this.requestLimit,
        timeout: Duration? = this.timeout,
        pushLimit: Int = this.pushLimit,
    ): CorrelationOptions = CorrelationOptions(requestLimit, timeout, pushLimit)

    private fun values() = listOf<Any?>(requestLimit, timeout, pushLimit)

    override fun equals(other: Any?): Boolean = other is CorrelationOptions && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String = "CorrelationOptions(requestLimit=$requestLimit, timeout=$timeout, pushLimit=$pushLimit)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: CorrelationOptions) {
        private var requestLimit: Int = options.requestLimit
        private var timeout: Duration? = options.timeout
        private var pushLimit: Int = options.pushLimit

        /** See [CorrelationOptions.requestLimit]. */
        public fun requestLimit(value: Int): Builder = apply { requestLimit = value }

        /** See [CorrelationOptions.timeout]. */
        public fun timeout(value: Duration?): Builder = apply { timeout = value }

        /** See [CorrelationOptions.pushLimit]. */
        public fun pushLimit(value: Int): Builder = apply { pushLimit = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): CorrelationOptions = CorrelationOptions(requestLimit, timeout, pushLimit)
    }

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: CorrelationOptions = CorrelationOptions()

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            requestLimit: Int = 1024,
            timeout: Duration? = Duration.ofSeconds(30),
            pushLimit: Int = 64,
        ): CorrelationOptions = CorrelationOptions(requestLimit, timeout, pushLimit)

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
