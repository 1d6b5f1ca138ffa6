// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.nio.ByteBuffer

/**
 * A layout of bytes, by the format strings of Python's `struct` module.
 *
 * ```kotlin
 * val header = Struct("<iii")                    // little-endian, three signed integers
 * val bytes = header.pack(1, 24, 101)            // 12 bytes
 * val (version, bodySize, command) = header.unpack(bytes)
 * ```
 *
 * The format may begin with a mark for byte order, sizes and alignment. `<` and `=` are little-endian, `>` and `!` are big-endian, all of
 * them with standard sizes and no alignment. `@`, the same as no mark, is the layout of a C compiler on 64-bit Linux: little-endian, native
 * sizes, each field aligned to its own size. It does not depend on the machine. Then come the fields, each a character with an optional
 * count before it. Blanks between fields are ignored.
 *
 * | field | bytes, `@` / marked | Kotlin type | meaning |
 * |---|---|---|---|
 * | `x` | 1 | none | a byte of padding, written as zero |
 * | `c` | 1 | `Byte` | one byte |
 * | `?` | 1 | `Boolean` | written as 1 or 0; anything but 0 is true |
 * | `b` `B` | 1 | `Int` | signed, unsigned |
 * | `h` `H` | 2 | `Int` | signed, unsigned |
 * | `i` `I` | 4 | `Int`, `Long` | signed, unsigned |
 * | `l` `L` | 8 / 4 | `Long`; `BigInteger` for `L` in 8 bytes | signed, unsigned |
 * | `q` `Q` | 8 | `Long`, `BigInteger` | signed, unsigned |
 * | `P` | 8 / not allowed | `BigInteger` | an address, as an unsigned number |
 * | `f` `d` | 4, 8 | `Float`, `Double` | IEEE 754 |
 * | `s` | the count | `ByteArray` | bytes, cut or filled up with zeros |
 * | `p` | the count | `ByteArray` | a Pascal string: its length in the first byte, at most 255 |
 *
 * Unsigned numbers of 8 bytes are [java.math.BigInteger] since no `Long` holds them all; [StructValues.long] gives one where it fits.
 * For packing, an integer field takes any integer type (`Byte` to `BigInteger`, and Kotlin's unsigned ones) that is in its range, `f` and
 * `d` take any number. A count repeats the field; for `s` and `p` it is the length. A count of 0 only aligns.
 *
 * Immutable; use it on any thread. The source is the documentation of Python's `struct`.
 *
 * @property format the format as it was given
 * @throws StructException when the format is not understood
 */
public class Struct(public val format: String) {
    private val layout = StructLayout.parse(format)

    /** The bytes that it takes; Python's `calcsize`. */
    public val size: Int get() = layout.size

    /** How many values it has. */
    public val fieldCount: Int get() = layout.fields.size

    /**
     * [values] as bytes.
     *
     * @throws StructException when there are too many or too few, or one does not fit its field
     */
    public fun pack(vararg values: Any): ByteArray = pack(values.asList())

    /** [values] as bytes. */
    public fun pack(values: List<Any>): ByteArray {
        if (values.size != fieldCount) throw StructException(format, -1, "it has $fieldCount values, but ${values.size} were given")
        (values as? StructValues)?.packedBy(layout)?.let { return it }
        val packed = ByteArray(size)
        for (index in layout.fields.indices) layout.fields[index].write(packed, values[index], this, index)
        return packed
    }

    /**
     * Writes [values] into [target] from [offset] on. The bytes around them stay as they are.
     *
     * @throws StructException as [pack], and when [target] has not [size] bytes from there on; then nothing is changed
     */
    public fun packInto(target: ByteArray, offset: Int, vararg values: Any): Unit = packInto(ByteBuffer.wrap(target), offset, *values)

    /** The same for a buffer: [offset] is an index in it; its position and limit do not change. */
    public fun packInto(target: ByteBuffer, offset: Int, vararg values: Any) {
        // Into an array of its own first, so that a value that does not fit leaves the target as it was.
        val packed = pack(values.asList())
        checkRoom(offset, target.limit())
        target.put(offset, packed)
    }

    /**
     * The values in [data].
     *
     * @throws StructException when [data] has not exactly [size] bytes
     */
    public fun unpack(data: ByteArray): StructValues {
        if (data.size != size) throw StructException(format, -1, "it takes $size bytes, but ${data.size} were given")
        return unpackFrom(data, 0)
    }

    /**
     * The values in [data] from [offset] on.
     *
     * @throws StructException when [data] has not [size] bytes from there on
     */
    @JvmOverloads
    public fun unpackFrom(data: ByteArray, offset: Int = 0): StructValues = unpackFrom(ByteBuffer.wrap(data), offset)

    /** The same for a buffer: [offset] is an index in it; its position does not change. */
    public fun unpackFrom(data: ByteBuffer, offset: Int): StructValues {
        checkRoom(offset, data.limit())
        return StructValues(layout, ByteArray(size).also { data.get(offset, it) })
    }

    private fun checkRoom(offset: Int, limit: Int) {
        if (offset < 0 || offset > limit - size) {
            throw StructException(format, -1, "it takes $size bytes from offset $offset on, but there are only $limit bytes in all")
        }
    }

    /** The field of the value at [index], for framings. */
    @JvmSynthetic
    internal fun field(index: Int): StructField =
        layout.fields.getOrNull(index) ?: throw StructException(format, index, "it has only $fieldCount values")

    override fun equals(other: Any?): Boolean = other is Struct && other.format == format

    override fun hashCode(): Int = format.hashCode()

    override fun toString(): String = "Struct($format, $size bytes)"
}

/**
 * The format is not understood, or values or bytes do not fit it; Python's `struct.error`.
 *
 * @property format the format
 * @property fieldIndex the index of the value that does not fit, or -1 when it is not about one value
 */
public class StructException(public val format: String, public val fieldIndex: Int, problem: String) :
    IllegalArgumentException(if (fieldIndex < 0) "Struct \"$format\": $problem." else "Struct \"$format\", value $fieldIndex: $problem.")
