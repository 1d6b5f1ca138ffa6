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
public data class BananaLimits
@JvmOverloads
constructor(
    public val maxPrefix: Int = 64,
    public val maxSize: Int = 640 * 1024,
    public val maxDepth: Int = 256,
    public val maxElements: Int = 1_000_000,
    public val maxBytes: Long = 16L * 1024 * 1024,
) {
    init {
        require(maxPrefix in LEAST_PREFIX..MOST_PREFIX) { "maxPrefix must be $LEAST_PREFIX to $MOST_PREFIX, but is $maxPrefix" }
        require(maxSize > 0) { "maxSize must be positive, but is $maxSize" }
        require(maxDepth in 1..MOST_DEPTH) { "maxDepth must be 1 to $MOST_DEPTH, but is $maxDepth" }
        require(maxElements > 0) { "maxElements must be positive, but is $maxElements" }
        require(maxBytes > 0) { "maxBytes must be positive, but is $maxBytes" }
    }

    public companion object {
        private const val LEAST_PREFIX = 10
        private const val MOST_PREFIX = 1024

        /** Elements are walked by calls, one within the other. */
        private const val MOST_DEPTH = 1000

        /** All defaults. */
        @JvmField
        public val DEFAULT: BananaLimits = BananaLimits()
    }
}

/** A value of our own cannot be sent: its type has no form on the wire, or it is over a limit. Nothing of it was sent. */
public open class UnsendableValueException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) :
    IllegalArgumentException(message, cause)
