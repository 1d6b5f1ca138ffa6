// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.banana

import dev.torsion.log.escaped
import java.util.Arrays

/**
 * A string of bytes that nobody can change: Python's `bytes`. Two are equal when their bytes are, so it serves as a key of a map.
 *
 * ```java
 * Bytes greeting = Bytes.utf8("hello");
 * ```
 *
 * A `byte[]` can be sent as well. Received bytes are always of this type. Thread: any.
 */
public class Bytes internal constructor(private val array: ByteArray, @Suppress("UNUSED_PARAMETER") owned: Unit) :
    BananaElement,
    Comparable<Bytes> {
    /** How many bytes there are. */
    public val size: Int
        @JvmName("size")
        get() = array.size

    /** The byte at [index]. @throws IndexOutOfBoundsException when there is none */
    public operator fun get(index: Int): Byte = array[index]

    /** The bytes, in an array that is the caller's. */
    public fun toByteArray(): ByteArray = array.clone()

    /** The bytes read as UTF-8. Malformed bytes become U+FFFD. */
    public fun utf8(): String = array.decodeToString()

    /** The bytes read as UTF-8. @throws java.nio.charset.CharacterCodingException when they are malformed */
    @JvmSynthetic
    internal fun strictUtf8(): String = array.decodeToString(throwOnInvalidSequence = true)

    /** The bytes themselves, not to be changed. */
    @JvmSynthetic
    internal fun raw(): ByteArray = array

    /** Compares byte by byte, unsigned, as Python does. */
    override fun compareTo(other: Bytes): Int = Arrays.compareUnsigned(array, other.array)

    override fun equals(other: Any?): Boolean = other is Bytes && array.contentEquals(other.array)

    override fun hashCode(): Int = array.contentHashCode()

    /** The bytes, escaped as Python would write them, in about [SHOWN] characters: fit for a log. */
    override fun toString(): String = "b'" + escaped(this, SHOWN) + "'"

    public companion object {
        /** How many characters [toString] has, about. */
        public const val SHOWN: Int = 80

        /** No bytes. */
        @JvmField
        public val EMPTY: Bytes = Bytes(ByteArray(0), Unit)

        /** A copy of [bytes]. */
        @JvmStatic
        public fun of(bytes: ByteArray): Bytes = Bytes(bytes.clone(), Unit)

        /**
         * The UTF-8 form of [text].
         * @throws IllegalArgumentException when it has half of a surrogate pair, which has none
         */
        @JvmStatic
        public fun utf8(text: String): Bytes = try {
            Bytes(text.encodeToByteArray(throwOnInvalidSequence = true), Unit)
        } catch (e: java.nio.charset.CharacterCodingException) {
            throw IllegalArgumentException("The text has half of a surrogate pair, which has no form in UTF-8.", e)
        }
    }
}

/** The bytes of a peer, for a message. */
internal fun escaped(bytes: Bytes, limit: Int = 40): String = escaped(bytes.raw(), limit)
