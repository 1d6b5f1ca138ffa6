// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.banana

import java.math.BigInteger

/**
 * A value of Banana: a [BananaInteger], a [BananaFloat], [Bytes], or a [BananaList] of them; Twisted's s-expression.
 *
 * Elements do not change. Thread: any.
 */
public sealed interface BananaElement

/** An integer; of at most 448 bits where it is sent, unless [BananaLimits] say otherwise. Two are equal when their numbers are. */
public class BananaInteger private constructor(private val small: Long, private val large: BigInteger?) : BananaElement {
    /** True when the number is a `long`. */
    public val isLong: Boolean get() = large == null

    /** The number. @throws ArithmeticException when it is none of 64 bits */
    public fun toLong(): Long = if (large == null) small else large.longValueExact()

    /** The number. */
    public fun toBigInteger(): BigInteger = large ?: BigInteger.valueOf(small)

    /** The number: a `Long` when it fits, otherwise a `BigInteger`. */
    public fun toNumber(): Number = large ?: small

    override fun equals(other: Any?): Boolean = other is BananaInteger && small == other.small && large == other.large

    override fun hashCode(): Int = large?.hashCode() ?: small.hashCode()

    override fun toString(): String = large?.toString() ?: small.toString()

    public companion object {
        private const val LONG_BITS = 63

        /** The integer [value]. */
        @JvmStatic
        public fun of(value: Long): BananaInteger = BananaInteger(value, null)

        /** The integer [value]. */
        @JvmStatic
        public fun of(value: BigInteger): BananaInteger =
            if (value.bitLength() <= LONG_BITS) BananaInteger(value.toLong(), null) else BananaInteger(0, value)
    }
}

/** A floating-point number of 64 bits. Two are equal when `Double.equals` says so. */
public class BananaFloat(
    /** The number. */
    @get:JvmName("value") public val value: Double,
) : BananaElement {
    override fun equals(other: Any?): Boolean = other is BananaFloat && value.equals(other.value)

    override fun hashCode(): Int = value.hashCode()

    override fun toString(): String = value.toString()
}

/** A list of elements. Two are equal when their elements are. */
public class BananaList private constructor(private val items: ArrayList<BananaElement>, @Suppress("UNUSED_PARAMETER") owned: Unit) :
    BananaElement {
    /** A list of a copy of [elements]. */
    public constructor(elements: List<BananaElement>) : this(ArrayList(elements), Unit)

    /** The elements. */
    public val elements: List<BananaElement>
        @JvmName("elements")
        get() = java.util.Collections.unmodifiableList(items)

    /** How many there are. */
    public val size: Int
        @JvmName("size")
        get() = items.size

    /** The element at [index]. @throws IndexOutOfBoundsException when there is none */
    public operator fun get(index: Int): BananaElement = items[index]

    override fun equals(other: Any?): Boolean = other is BananaList && items == other.items

    override fun hashCode(): Int = items.hashCode()

    override fun toString(): String = if (items.size <= SHOWN) "$items" else "[${items.size} elements]"

    public companion object {
        private const val SHOWN = 20

        /** A list of [elements]. */
        @JvmStatic
        public fun of(vararg elements: BananaElement): BananaList = BananaList(arrayListOf(*elements), Unit)

        /** The list that is this [items], which the caller gives away, or goes on filling before anybody else sees the list. */
        @JvmSynthetic
        internal fun owning(items: ArrayList<BananaElement>) = BananaList(items, Unit)
    }
}
