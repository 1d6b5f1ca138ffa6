// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("AmpValues")

package dev.torsion.amp

import java.util.Objects

/**
 * A named value of a command: one of its arguments, or of its response. [Command] and [Arguments] make them.
 *
 * With a value it is an [ArgumentValue]: `Sum.a(13)` in Kotlin, `SUM.a.of(13)` in Java.
 *
 * @property name its key on the wire
 * @property isOptional whether it may be left out; then its value is null
 */
public class Argument<T> internal constructor(
    @get:JvmSynthetic
    internal val owner: Arguments,
    @get:JvmSynthetic internal val index: Int,
    public val name: String,
    @get:JvmSynthetic
    internal val type: AmpType<Any>,
    public val isOptional: Boolean,
) {
    /** This argument with [value]. */
    public fun of(value: T): ArgumentValue = ArgumentValue(this, value)

    /** The same, for Kotlin. */
    @JvmSynthetic
    public operator fun invoke(value: T): ArgumentValue = ArgumentValue(this, value)

    override fun toString(): String = name
}

/** An [Argument] with its value. */
public class ArgumentValue internal constructor(
    @get:JvmSynthetic internal val argument: Argument<*>,
    @get:JvmSynthetic internal val value: Any?,
) {
    override fun toString(): String = "${argument.name}=..." // a value may be a secret
}

/**
 * The values of a request, an answer, or a row of an [ampList][AmpTypes.ampList], by their arguments.
 *
 * ```java
 * long total = answer.get(SUM.total);
 * ```
 *
 * They cannot be changed. Thread: any.
 */
public class Values internal constructor(@get:JvmSynthetic internal val owner: Arguments?, private val values: Array<Any?>) {
    /**
     * The value of [argument]; null when it is optional and was left out.
     *
     * @throws IllegalArgumentException when the argument is another command's
     */
    @Suppress("UNCHECKED_CAST")
    public operator fun <T> get(argument: Argument<T>): T {
        if (argument.owner !== owner) {
            require(owner == null && argument.isOptional) { "the argument ${argument.name} does not belong to these values" }
            return null as T
        }
        return values[argument.index] as T
    }

    @JvmSynthetic
    internal fun at(index: Int): Any? = values[index]

    override fun equals(other: Any?): Boolean = other is Values && other.owner === owner && values.contentDeepEquals(other.values)

    override fun hashCode(): Int = Objects.hash(owner, values.contentDeepHashCode())

    /** The names of the values. A value may be a secret. */
    override fun toString(): String = "Values(${owner?.all.orEmpty().filter { values[it.index] != null }.joinToString { it.name }})"

    public companion object {
        /** No values: the answer of a command without a response, or one in which all is optional. */
        @JvmField
        public val EMPTY: Values = Values(null, emptyArray())

        /**
         * These [values], all of one command's arguments, of one command's response, or of one row.
         *
         * @throws InvalidSignatureException when they are not, or one comes twice
         */
        @JvmStatic
        public fun of(vararg values: ArgumentValue): Values {
            val owner = values.firstOrNull()?.argument?.owner ?: return EMPTY
            return owner.values(values)
        }
    }
}

/** [Values.of] for Kotlin. */
@JvmSynthetic
public fun valuesOf(vararg values: ArgumentValue): Values = Values.of(*values)
