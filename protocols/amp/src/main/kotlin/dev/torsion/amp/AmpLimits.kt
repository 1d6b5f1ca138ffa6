// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

/**
 * The limits of one box that comes. A box over a limit is a violation of the peer. The decoder sees it before it spends memory on the box.
 * Twisted has only the two limits of the format: a key has at most 255 bytes, a value at most 65,535.
 *
 * @property maxPairs how many keys a box may have
 * @property maxBoxBytes how many bytes a box may have, with the lengths of its keys and values
 */
public data class AmpLimits
@JvmOverloads
constructor(public val maxPairs: Int = 1024, public val maxBoxBytes: Int = 1024 * 1024) {
    init {
        require(maxPairs > 0) { "maxPairs must be positive, but is $maxPairs" }
        require(maxBoxBytes >= SMALLEST) { "maxBoxBytes must be at least $SMALLEST, but is $maxBoxBytes" }
    }

    public companion object {
        private const val SMALLEST = 16

        /** All defaults. */
        @JvmField
        public val DEFAULT: AmpLimits = AmpLimits()
    }
}
