// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.log.escaped
import java.util.Collections

/**
 * Keys and their values, as they are on the wire; Twisted's `AmpBox`. Commands make and read them; you need them only for
 * [AMP.callRemoteString] and to read the format itself.
 *
 * ```java
 * AmpBox box = AmpBox.builder().put("a", "13").put("b", "81").build();
 * ```
 *
 * A key is bytes too. Here it is text, each character of which is one byte: ASCII as a rule, up to U+00FF.
 *
 * A box cannot be changed. Thread: any.
 */
public class AmpBox internal constructor(private val keys: Array<String>, private val values: Array<ByteArray>) {
    /** How many keys it has. */
    public val size: Int
        @JvmName("size")
        get() = keys.size

    /** Its keys, in the order in which they came or were put. */
    public fun keys(): Set<String> = Collections.unmodifiableSet(linkedSetOf(*keys))

    /** A copy of the value of [key], or null. */
    public operator fun get(key: String): ByteArray? = raw(key)?.clone()

    /** The value of [key] as text, or null; bytes that are no UTF-8 become U+FFFD. */
    public fun text(key: String): String? = raw(key)?.decodeToString()

    /** Whether it has [key]. */
    public operator fun contains(key: String): Boolean = raw(key) != null

    /** The value itself, not to be changed. */
    @JvmSynthetic
    internal fun raw(key: String): ByteArray? {
        for (i in keys.indices) if (keys[i] == key) return values[i]
        return null
    }

    /** How many bytes [encode] gives. */
    @get:JvmSynthetic
    internal val encodedSize: Int get() = LENGTH + keys.indices.sumOf { LENGTH + keys[it].length + LENGTH + values[it].size }

    /** The box with some pairs more. */
    @JvmSynthetic
    internal fun with(vararg more: Pair<String, ByteArray>): AmpBox {
        val builder = Builder()
        for (i in keys.indices) builder.put(keys[i], values[i])
        for ((key, value) in more) builder.put(key, value)
        return builder.build()
    }

    /**
     * Its bytes, keys in the order of their bytes, as Twisted writes them.
     *
     * @throws TooLongException when a key has more than 255 bytes, or a value more than 65,535
     */
    public fun encode(): ByteArray {
        val order = keys.indices.sortedBy { keys[it] } // one character is one byte
        for (i in order) {
            if (keys[i].length > MAX_KEY_LENGTH) throw TooLongException(keys[i], keys[i].length, isKey = true)
            checkLength(keys[i], values[i])
        }
        val out = ByteArray(encodedSize)
        var at = 0
        for (i in order) {
            at = putKey(out, at, keys[i])
            at = putValue(out, at, values[i])
        }
        return out
    }

    override fun equals(other: Any?): Boolean =
        other is AmpBox && other.size == size && keys.indices.all { values[it].contentEquals(other.raw(keys[it])) }

    override fun hashCode(): Int = keys.indices.sumOf { keys[it].hashCode() xor values[it].contentHashCode() }

    /** Its pairs, escaped and cut: fit for a log. */
    override fun toString(): String {
        val shown = keys.indices.take(SHOWN_PAIRS).joinToString { "${escaped(keys[it], SHOWN)}: '${escaped(values[it], SHOWN)}'" }
        return "AmpBox($shown${if (size > SHOWN_PAIRS) ", ..." else ""})"
    }

    /** Makes a box. One thread at a time. */
    public class Builder internal constructor() {
        private val pairs = LinkedHashMap<String, ByteArray>()

        /**
         * Puts [value], of which a copy is made, under [key].
         *
         * @throws IllegalArgumentException when the key is empty, is there already, or has a character above U+00FF
         */
        public fun put(key: String, value: ByteArray): Builder {
            require(key.isNotEmpty()) { "a key must not be empty" }
            require(key.all { it.code <= MAX_BYTE }) { "a key has one byte for each character, but \"${escaped(key)}\" has others" }
            require(pairs.putIfAbsent(key, value.clone()) == null) { "the key \"${escaped(key)}\" is there already" }
            return this
        }

        /** Puts the UTF-8 form of [text] under [key]; [put] otherwise. */
        public fun put(key: String, text: String): Builder = put(key, AmpTypes.UNICODE.encode(text))

        /** The box. */
        public fun build(): AmpBox = AmpBox(pairs.keys.toTypedArray(), pairs.values.toTypedArray())
    }

    public companion object {
        /** The longest key, in bytes; Twisted's name. */
        public const val MAX_KEY_LENGTH: Int = 0xff

        /** The longest value, in bytes; Twisted's name. */
        public const val MAX_VALUE_LENGTH: Int = 0xffff

        /** A box with no keys, which only a list of boxes may have in it. */
        @JvmField
        public val EMPTY: AmpBox = AmpBox(emptyArray(), emptyArray())

        /** Begins a box. */
        @JvmStatic
        public fun builder(): Builder = Builder()

        private const val SHOWN = 40
        private const val SHOWN_PAIRS = 8
        private const val MAX_BYTE = 0xff
    }
}

/** The bytes of a length. */
internal const val LENGTH: Int = 2

internal fun checkLength(key: String, value: ByteArray) {
    if (value.size > AmpBox.MAX_VALUE_LENGTH) throw TooLongException(key, value.size, isKey = false)
}

internal fun putLength(out: ByteArray, at: Int, length: Int): Int {
    out[at] = (length ushr 8).toByte()
    out[at + 1] = length.toByte()
    return at + LENGTH
}

internal fun putKey(out: ByteArray, at: Int, key: String): Int {
    val from = putLength(out, at, key.length)
    for (i in key.indices) out[from + i] = key[i].code.toByte()
    return from + key.length
}

internal fun putValue(out: ByteArray, at: Int, value: ByteArray): Int {
    val from = putLength(out, at, value.size)
    value.copyInto(out, from)
    return from + value.size
}
