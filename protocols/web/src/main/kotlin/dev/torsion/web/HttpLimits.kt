// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * The limits of a message that comes. A message above one of them is refused before memory is spent on it. Immutable.
 *
 * ```java
 * HttpLimits limits = HttpLimits.DEFAULT.withMaxBodyBytes(1 << 30);
 * ```
 *
 * @property maxUrlBytes how long the target of a request may be; 8 KiB. A longer one is answered with 414
 * @property maxHeadBytes how many bytes the fields of a head may have, with the ends of their lines; 8 KiB. More are answered with 431. A
 *   trailer has the same limit, and so have the bytes before a chunk: more are answered with 400
 * @property maxFields how many fields a head may have, and its trailer as well; 100. More are answered with 431, and in a trailer with 400
 * @property maxBodyBytes how many bytes a body may have; 10 MiB. A larger one is answered with 413
 */
public class HttpLimits private constructor(
    public val maxUrlBytes: Int,
    public val maxHeadBytes: Int,
    public val maxFields: Int,
    public val maxBodyBytes: Long,
) {
    init {
        require(maxUrlBytes in 1..MOST) { "maxUrlBytes must be from 1 to $MOST, but is $maxUrlBytes" }
        require(maxHeadBytes in 1..MOST) { "maxHeadBytes must be from 1 to $MOST, but is $maxHeadBytes" }
        require(maxFields > 0) { "maxFields must be positive, but is $maxFields" }
        require(maxBodyBytes >= 0) { "maxBodyBytes must not be negative, but is $maxBodyBytes" }
    }

    /** These limits with another [maxUrlBytes]. */
    public fun withMaxUrlBytes(most: Int): HttpLimits = HttpLimits(most, maxHeadBytes, maxFields, maxBodyBytes)

    /** These limits with another [maxHeadBytes]. */
    public fun withMaxHeadBytes(most: Int): HttpLimits = HttpLimits(maxUrlBytes, most, maxFields, maxBodyBytes)

    /** These limits with another [maxFields]. */
    public fun withMaxFields(most: Int): HttpLimits = HttpLimits(maxUrlBytes, maxHeadBytes, most, maxBodyBytes)

    /** These limits with another [maxBodyBytes]. */
    public fun withMaxBodyBytes(most: Long): HttpLimits = HttpLimits(maxUrlBytes, maxHeadBytes, maxFields, most)

    override fun toString(): String =
        "HttpLimits($maxUrlBytes bytes of URL, $maxHeadBytes bytes of fields, $maxFields fields, $maxBodyBytes bytes of body)"

    public companion object {
        private const val MOST = 1 shl 24

        /** The limits that hold where none are given. */
        @JvmField
        public val DEFAULT: HttpLimits = HttpLimits(8 * 1024, 8 * 1024, 100, 10L * 1024 * 1024)
    }
}
