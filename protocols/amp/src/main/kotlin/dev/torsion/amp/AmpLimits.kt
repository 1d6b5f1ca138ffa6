// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

/**
 * The limits of one box that comes. A box over a limit is a violation of the peer. The decoder sees it before it spends memory on the box.
 * Twisted has only the two limits of the format: a key has at most 255 bytes, a value at most 65,535.
 *
 * ```java
 * AmpLimits limits = AmpLimits.DEFAULT.withMaxPairs(64);
 * ```
 *
 * @property maxPairs how many keys a box may have
 * @property maxBoxBytes how many bytes a box may have, with the lengths of its keys and values
 */
public class AmpLimits private constructor(public val maxPairs: Int, public val maxBoxBytes: Int) {
    init {
        require(maxPairs > 0) { "maxPairs must be positive, but is $maxPairs" }
        require(maxBoxBytes >= SMALLEST) { "maxBoxBytes must be at least $SMALLEST, but is $maxBoxBytes" }
    }

    /** These limits with another [maxPairs]. */
    public fun withMaxPairs(most: Int): AmpLimits = AmpLimits(most, maxBoxBytes)

    /** These limits with another [maxBoxBytes]. */
    public fun withMaxBoxBytes(most: Int): AmpLimits = AmpLimits(maxPairs, most)

    override fun toString(): String = "AmpLimits($maxPairs pairs, $maxBoxBytes bytes)"

    public companion object {
        private const val SMALLEST = 16

        /** The limits that hold where none are given: 1,024 pairs and 1 MiB. */
        @JvmField
        public val DEFAULT: AmpLimits = AmpLimits(maxPairs = 1024, maxBoxBytes = 1024 * 1024)
    }
}
