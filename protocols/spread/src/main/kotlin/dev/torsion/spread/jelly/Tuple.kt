// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.spread.banana.Bytes
import java.util.Collections

/**
 * Python's `tuple`: a fixed row of values. Two are equal when their values are.
 *
 * ```java
 * return Tuple.of(challenge, challenger);
 * ```
 * ```kotlin
 * val (challenge, challenger) = answer as Tuple
 * ```
 *
 * Thread: any, once it is made.
 */
public class Tuple internal constructor(private val values: Array<Any?>, complete: Boolean) : Iterable<Any?> {
    /** False while the values of one that comes from a peer are still being read: it may be met inside of itself. */
    @get:JvmSynthetic
    internal var isComplete = complete
        private set

    /** Whether it may be a key: all its values may. */
    @get:JvmSynthetic
    internal val isKey: Boolean get() = isComplete && areKeys

    private var areKeys = false
    private var hash = 0

    init {
        if (complete) finish()
    }

    @JvmSynthetic
    internal fun finish() {
        isComplete = true
        areKeys = values.all(::mayBeKey)
        hash = if (areKeys) values.fold(values.size) { sum, value -> Seeded.mix(sum, value) } else values.size
    }

    @JvmSynthetic
    internal fun set(index: Int, value: Any?) {
        values[index] = value
    }

    /** How many values there are. */
    public val size: Int
        @JvmName("size")
        get() = values.size

    /** The value at [index]. @throws IndexOutOfBoundsException when there is none */
    public operator fun get(index: Int): Any? = values[index]

    /** The values, as a list that does not change. */
    public fun toList(): List<Any?> = Collections.unmodifiableList(values.asList())

    override fun iterator(): Iterator<Any?> = values.iterator()

    /** The first value. */
    @JvmSynthetic
    public operator fun component1(): Any? = values[0]

    /** The second value. */
    @JvmSynthetic
    public operator fun component2(): Any? = values[1]

    /** The third value. */
    @JvmSynthetic
    public operator fun component3(): Any? = values[2]

    /** The fourth value. */
    @JvmSynthetic
    public operator fun component4(): Any? = values[3]

    override fun equals(other: Any?): Boolean =
        this === other || (other is Tuple && hash == other.hash && values.contentEquals(other.values))

    /** Differs from run to run, so that no peer can choose values whose hashes are equal. */
    override fun hashCode(): Int = hash

    override fun toString(): String = values.joinToString(", ", "(", if (values.size == 1) ",)" else ")")

    public companion object {
        /** A tuple of [values]. */
        @JvmStatic
        public fun of(vararg values: Any?): Tuple = Tuple(arrayOf(*values), complete = true)

        /** A tuple of the values of [list]. */
        @JvmStatic
        public fun from(list: Collection<Any?>): Tuple = Tuple(list.toTypedArray(), complete = true)
    }
}

/** Python's `frozenset`: a set that does not change, in the order in which it came. Thread: any. */
public class FrozenSet<out E> internal constructor(private val values: Set<E>, @Suppress("UNUSED_PARAMETER") owned: Unit) :
    AbstractSet<E>() {
    /** A frozen copy of [elements]. */
    public constructor(elements: Collection<E>) : this(LinkedHashSet(elements), Unit)

    override val size: Int get() = values.size

    override fun contains(element: @UnsafeVariance E): Boolean = element in values

    override fun iterator(): Iterator<E> = Collections.unmodifiableSet(values).iterator()

    // Made once: of sets in each other, each would hash all that is in it again and again.
    @Volatile
    private var hash = UNKNOWN

    @Volatile
    private var seeded = UNKNOWN

    override fun hashCode(): Int {
        if (hash == UNKNOWN) hash = super.hashCode().toLong()
        return hash.toInt()
    }

    @JvmSynthetic
    internal fun seededHash(): Int {
        if (seeded == UNKNOWN) seeded = sumOf { Seeded.mix(Seeded.seed, it) }.toLong()
        return seeded.toInt()
    }

    private companion object {
        const val UNKNOWN = Long.MIN_VALUE
    }
}

/** The peer's stand-in for a value that could not be sent; Twisted's `Unpersistable`. Its [reason] is the peer's, made printable. */
public class Unpersistable(public val reason: String) {
    override fun toString(): String = "Unpersistable($reason)"
}

/** Whether [value] may be a key or an element of a set, as in Python: nothing that changes, and no cycle. */
internal fun mayBeKey(value: Any?): Boolean = when (value) {
    is Tuple -> value.isKey
    is FrozenSet<*> -> true // its elements have been asked
    is Collection<*>, is Map<*, *>, is Array<*>, is ByteArray -> false
    else -> true
}

/** Hashes that a peer cannot foresee. */
internal object Seeded {
    val seed = java.security.SecureRandom().nextInt() or 1

    fun mix(sum: Int, value: Any?): Int {
        val own =
            when (value) {
                is String -> value.fold(seed) { hash, c -> step(hash, c.code) }
                is Bytes -> value.raw().fold(seed) { hash, b -> step(hash, b.toInt()) }
                is FrozenSet<*> -> value.seededHash()
                is java.time.LocalDateTime -> step(step(seed, value.toLocalDate().hashCode()), value.toLocalTime().hashCode())
                else -> value.hashCode()
            }
        return step(sum, own)
    }

    private fun step(hash: Int, value: Int): Int {
        val mixed = (hash xor value) * (seed or 1)
        return mixed xor (mixed ushr ROTATION)
    }

    private const val ROTATION = 15
}
