// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.math.BigInteger

/**
 * The values of a [Struct], in order: a list, with access by type.
 *
 * ```kotlin
 * val header = Struct("<iii").unpack(bytes)
 * val bodySize = header.int(1)
 * ```
 *
 * In Java, where `int` and its kin are words of the language: `header.getInt(1)`.
 */
public class StructValues private constructor(
    private val values: List<Any>,
) : List<Any> by values {
    internal constructor(values: Array<out Any>) : this(values.asList())

    /**
     * The integer at [index].
     *
     * @throws ArithmeticException when no `Int` holds it
     * @throws ClassCastException when it is no integer
     */
    @JvmName("getInt")
    public fun int(index: Int): Int = Math.toIntExact(long(index))

    /**
     * The integer at [index].
     *
     * @throws ArithmeticException when no `Long` holds it
     * @throws ClassCastException when it is no integer
     */
    @JvmName("getLong")
    public fun long(index: Int): Long =
        when (val value = values[index]) {
            is BigInteger -> value.longValueExact()
            is Float, is Double -> throw ClassCastException("value $index is no integer but $value")
            else -> (value as Number).toLong()
        }

    /** The number at [index] as a `Double`. @throws ClassCastException when it is none */
    @JvmName("getDouble")
    public fun double(index: Int): Double = (values[index] as Number).toDouble()

    /** The truth value at [index]. @throws ClassCastException when it is none */
    @JvmName("getBoolean")
    public fun boolean(index: Int): Boolean = values[index] as Boolean

    /** The bytes at [index]. @throws ClassCastException when it is none */
    @JvmName("getBytes")
    public fun bytes(index: Int): ByteArray = values[index] as ByteArray

    override fun equals(other: Any?): Boolean = values == other

    override fun hashCode(): Int = values.hashCode()

    override fun toString(): String = values.joinToString(", ", "(", ")") { if (it is ByteArray) it.toHexString() else it.toString() }

    public companion object {
        /** [values] to be packed. */
        @JvmStatic
        public fun of(vararg values: Any): StructValues = StructValues(values.copyOf())
    }
}
