// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.math.BigInteger
import java.nio.ByteBuffer
import java.util.HexFormat

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
    private val given: Array<out Any>?,
    private val layout: StructLayout?,
    private val packed: ByteArray?,
) : AbstractList<Any>() {
    /** Those in [packed], which belongs to this object from now on. Each is read when it is asked for: most of a header is passed on as it came. */
    internal constructor(layout: StructLayout, packed: ByteArray) : this(null, layout, packed)

    override val size: Int get() = given?.size ?: layout!!.fields.size

    override fun get(index: Int): Any {
        if (given != null) return given[index]
        return layout!!.fields[index].read(ByteBuffer.wrap(packed!!), 0)
    }

    /** A copy of the bytes that these values were unpacked from, if they are just what packing them by [layout] would give; otherwise null. */
    @JvmSynthetic
    internal fun packedBy(layout: StructLayout): ByteArray? = if (layout === this.layout && layout.isExact) packed!!.clone() else null

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
    public fun long(index: Int): Long {
        val field = layout?.fields?.get(index)
        if (field != null && field.fitsLong) return field.readLong(ByteBuffer.wrap(packed!!), 0)
        return when (val value = get(index)) {
            is BigInteger -> value.longValueExact()
            is Float, is Double -> throw ClassCastException("value $index is no integer but $value")
            else -> (value as Number).toLong()
        }
    }

    /** The number at [index] as a `Double`. @throws ClassCastException when it is none */
    @JvmName("getDouble")
    public fun double(index: Int): Double = (get(index) as Number).toDouble()

    /** The truth value at [index]. @throws ClassCastException when it is none */
    @JvmName("getBoolean")
    public fun boolean(index: Int): Boolean = get(index) as Boolean

    /** The bytes at [index]. @throws ClassCastException when it is none */
    @JvmName("getBytes")
    public fun bytes(index: Int): ByteArray = get(index) as ByteArray

    override fun toString(): String = joinToString(", ", "(", ")") { if (it is ByteArray) HexFormat.of().formatHex(it) else it.toString() }

    public companion object {
        /** [values] to be packed. */
        @JvmStatic
        public fun of(vararg values: Any): StructValues = StructValues(values.copyOf(), null, null)
    }
}
