// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.spread.banana.BananaLimits
import dev.torsion.spread.jelly.TypeRegistry
import java.time.Duration

/**
 * How both ends of Perspective Broker behave. Immutable; `with` methods and a [builder][toBuilder] give others. Thread: any.
 *
 * ```java
 * PBOptions options = PBOptions.DEFAULT.toBuilder().types(types).maxConnections(1_000).build();
 * ```
 *
 * @property types which objects may be copied from the peer, and the objects that they become here
 * @property limits of one message
 * @property maxReferences how many of our objects the peer may hold at once, and how many of them it may cache; one more fails the call or
 *   the answer that would have sent it, and the fourth time the connection is closed too, as in Twisted
 * @property maxPendingCalls how many of the peer's calls may wait for our answers at once; one more is refused with a [PBError]
 * @property maxConnections for a server: how many connections there may be at once; one more is closed at once. Unlimited unless given
 * @property handshakeTimeout how long the peer may take to agree on a dialect; then the connection is aborted
 * @property unsafeTracebacks whether the peer gets the stack traces of our exceptions, which tell about our insides; Twisted's
 *   `unsafeTracebacks`. It always gets their types and messages
 */
public class PBOptions private constructor(
    public val types: TypeRegistry,
    public val limits: BananaLimits,
    public val maxReferences: Int,
    public val maxPendingCalls: Int,
    public val maxConnections: Int,
    public val handshakeTimeout: Duration,
    public val unsafeTracebacks: Boolean,
) {
    init {
        require(maxReferences > 0) { "maxReferences must be positive, but is $maxReferences" }
        require(maxPendingCalls > 0) { "maxPendingCalls must be positive, but is $maxPendingCalls" }
        require(maxConnections > 0) { "maxConnections must be positive, but is $maxConnections" }
        require(handshakeTimeout > Duration.ZERO) { "handshakeTimeout must be positive, but is $handshakeTimeout" }
    }

    /** These options with other [types]. */
    public fun withTypes(types: TypeRegistry): PBOptions = copy(types = types)

    /** These options with other [limits]. */
    public fun withLimits(limits: BananaLimits): PBOptions = copy(limits = limits)

    /** These options with another [maxReferences]. */
    public fun withMaxReferences(most: Int): PBOptions = copy(maxReferences = most)

    /** These options with stack traces sent, or not. */
    public fun withUnsafeTracebacks(sent: Boolean): PBOptions = copy(unsafeTracebacks = sent)

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        types: TypeRegistry = this.types,
        limits: BananaLimits = this.limits,
        maxReferences: Int = this.maxReferences,
        maxPendingCalls: Int = this.maxPendingCalls,
        maxConnections: Int = this.maxConnections,
        handshakeTimeout: Duration = this.handshakeTimeout,
        unsafeTracebacks: Boolean = this.unsafeTracebacks,
    ): PBOptions = PBOptions(types, limits, maxReferences, maxPendingCalls, maxConnections, handshakeTimeout, unsafeTracebacks)

    private fun values() = listOf<Any?>(types, limits, maxReferences, maxPendingCalls, maxConnections, handshakeTimeout, unsafeTracebacks)

    override fun equals(other: Any?): Boolean = other is PBOptions && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String = "PBOptions(types=$types, limits=$limits, maxReferences=$maxReferences, " +
        "maxPendingCalls=$maxPendingCalls, maxConnections=$maxConnections, " +
        "handshakeTimeout=$handshakeTimeout, unsafeTracebacks=$unsafeTracebacks)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: PBOptions) {
        private var types: TypeRegistry = options.types
        private var limits: BananaLimits = options.limits
        private var maxReferences: Int = options.maxReferences
        private var maxPendingCalls: Int = options.maxPendingCalls
        private var maxConnections: Int = options.maxConnections
        private var handshakeTimeout: Duration = options.handshakeTimeout
        private var unsafeTracebacks: Boolean = options.unsafeTracebacks

        /** See [PBOptions.types]. */
        public fun types(value: TypeRegistry): Builder = apply { types = value }

        /** See [PBOptions.limits]. */
        public fun limits(value: BananaLimits): Builder = apply { limits = value }

        /** See [PBOptions.maxReferences]. */
        public fun maxReferences(value: Int): Builder = apply { maxReferences = value }

        /** See [PBOptions.maxPendingCalls]. */
        public fun maxPendingCalls(value: Int): Builder = apply { maxPendingCalls = value }

        /** See [PBOptions.maxConnections]. */
        public fun maxConnections(value: Int): Builder = apply { maxConnections = value }

        /** See [PBOptions.handshakeTimeout]. */
        public fun handshakeTimeout(value: Duration): Builder = apply { handshakeTimeout = value }

        /** See [PBOptions.unsafeTracebacks]. */
        public fun unsafeTracebacks(value: Boolean): Builder = apply { unsafeTracebacks = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): PBOptions =
            PBOptions(types, limits, maxReferences, maxPendingCalls, maxConnections, handshakeTimeout, unsafeTracebacks)
    }

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: PBOptions = PBOptions()

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            types: TypeRegistry = TypeRegistry.EMPTY,
            limits: BananaLimits = BananaLimits.DEFAULT,
            maxReferences: Int = 1024,
            maxPendingCalls: Int = 10_000,
            maxConnections: Int = Int.MAX_VALUE,
            handshakeTimeout: Duration = Duration.ofSeconds(30),
            unsafeTracebacks: Boolean = false,
        ): PBOptions = PBOptions(types, limits, maxReferences, maxPendingCalls, maxConnections, handshakeTimeout, unsafeTracebacks)

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
