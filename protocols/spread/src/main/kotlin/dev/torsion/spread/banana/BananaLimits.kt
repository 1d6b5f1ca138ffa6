// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.banana

/**
 * The limits of one element, in both directions. A peer's element over a limit is a violation, and refused before memory is spent on it. An
 * element of our own over a limit is an [UnsendableValueException].
 *
 * The first two are Twisted's, and its peers refuse larger elements. The others are not in Twisted.
 *
 * @property maxPrefix how many bytes the number before a type may have: with 64, integers have at most 448 bits
 * @property maxSize how many bytes a string, and how many elements a list may have: 640 Ki; larger data goes in pages
 * @property maxDepth how deep lists may stand in each other
 * @property maxElements how many elements a whole element may have in it
 * @property maxBytes how many bytes all its strings may have together: 16 MiB
 */
public class BananaLimits private constructor(
    public val maxPrefix: Int,
    public val maxSize: Int,
    public val maxDepth: Int,
    public val maxElements: Int,
    public val maxBytes: Long,
) {
    init {
        require(maxPrefix in LEAST_PREFIX..MOST_PREFIX) { "maxPrefix must be $LEAST_PREFIX to $MOST_PREFIX, but is $maxPrefix" }
        require(maxSize > 0) { "maxSize must be positive, but is $maxSize" }
        require(maxDepth in 1..MOST_DEPTH) { "maxDepth must be 1 to $MOST_DEPTH, but is $maxDepth" }
        require(maxElements > 0) { "maxElements must be positive, but is $maxElements" }
        require(maxBytes > 0) { "maxBytes must be positive, but is $maxBytes" }
    }

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        maxPrefix: Int = this.maxPrefix,
        maxSize: Int = this.maxSize,
        maxDepth: Int = this.maxDepth,
        maxElements: Int = this.maxElements,
        maxBytes: Long = this.maxBytes,
    ): BananaLimits = BananaLimits(maxPrefix, maxSize, maxDepth, maxElements, maxBytes)

    private fun values() = listOf<Any?>(maxPrefix, maxSize, maxDepth, maxElements, maxBytes)

    override fun equals(other: Any?): Boolean = other is BananaLimits && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String =
        "BananaLimits(maxPrefix=$maxPrefix, maxSize=$maxSize, maxDepth=$maxDepth, maxElements=$maxElements, " +
            "maxBytes=$maxBytes)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: BananaLimits) {
        private var maxPrefix: Int = options.maxPrefix
        private var maxSize: Int = options.maxSize
        private var maxDepth: Int = options.maxDepth
        private var maxElements: Int = options.maxElements
        private var maxBytes: Long = options.maxBytes

        /** See [BananaLimits.maxPrefix]. */
        public fun maxPrefix(value: Int): Builder = apply { maxPrefix = value }

        /** See [BananaLimits.maxSize]. */
        public fun maxSize(value: Int): Builder = apply { maxSize = value }

        /** See [BananaLimits.maxDepth]. */
        public fun maxDepth(value: Int): Builder = apply { maxDepth = value }

        /** See [BananaLimits.maxElements]. */
        public fun maxElements(value: Int): Builder = apply { maxElements = value }

        /** See [BananaLimits.maxBytes]. */
        public fun maxBytes(value: Long): Builder = apply { maxBytes = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): BananaLimits = BananaLimits(maxPrefix, maxSize, maxDepth, maxElements, maxBytes)
    }

    public companion object {
        private const val LEAST_PREFIX = 10
        private const val MOST_PREFIX = 1024

        /** Elements are walked by calls, one within the other. */
        private const val MOST_DEPTH = 1000

        /** All defaults. */
        @JvmField
        public val DEFAULT: BananaLimits = BananaLimits()

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            maxPrefix: Int = 64,
            maxSize: Int = 640 * 1024,
            maxDepth: Int = 256,
            maxElements: Int = 1_000_000,
            maxBytes: Long = 16L * 1024 * 1024,
        ): BananaLimits = BananaLimits(maxPrefix, maxSize, maxDepth, maxElements, maxBytes)

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}

/** A value of our own cannot be sent: its type has no form on the wire, or it is over a limit. Nothing of it was sent. */
public open class UnsendableValueException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) :
    IllegalArgumentException(message, cause)
