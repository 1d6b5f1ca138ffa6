// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.escaped
import java.util.function.BiConsumer

/**
 * The fields of a message, in their order; Twisted's `Headers`. Names are the same in upper and lower case. Those that come from a peer
 * have their usual case, where they are known. Immutable, so it may be used on any thread.
 *
 * ```java
 * Headers headers = Headers.of("Accept", "text/plain").plus("User-Agent", "robot/1.0");
 * ```
 *
 * A name is a token, and a value has no control character but the tab, and no character beyond ISO 8859-1 (RFC 9110 5.5). So a value cannot
 * end its line and begin another field or message. A field that breaks this rule is refused with an [IllegalArgumentException].
 */
public class Headers private constructor(private val namesAndValues: Array<String>) {
    /** The number of fields; one name may have several. */
    @get:JvmName("size")
    public val size: Int get() = namesAndValues.size / 2

    /** Whether there is no field. */
    public val isEmpty: Boolean get() = namesAndValues.isEmpty()

    /** The value of the first field of [name], or null. */
    public operator fun get(name: String): String? {
        for (i in namesAndValues.indices step 2) if (namesAndValues[i].equals(name, ignoreCase = true)) return namesAndValues[i + 1]
        return null
    }

    /** The values of all fields of [name], in their order; Twisted's `getRawHeaders`. */
    public fun all(name: String): List<String> =
        namesAndValues.indices.step(2).filter { namesAndValues[it].equals(name, ignoreCase = true) }.map { namesAndValues[it + 1] }

    /** Whether there is a field of [name]. */
    public operator fun contains(name: String): Boolean = get(name) != null

    /** The values between the commas of all fields of [name], in lower case: for fields such as `Connection`, whose values have no quotes. */
    public fun tokens(name: String): List<String> {
        if (name !in this) return emptyList()
        return all(name).flatMap { it.split(',') }.map { it.trim(' ', '\t').lowercase() }.filter { it.isNotEmpty() }
    }

    /** Whether [token] is among the [tokens] of [name]. */
    @JvmSynthetic
    internal fun hasToken(name: String, token: String): Boolean {
        for (i in namesAndValues.indices step 2) {
            if (namesAndValues[i].equals(name, ignoreCase = true) && isAmong(token, namesAndValues[i + 1])) return true
        }
        return false
    }

    private fun isAmong(token: String, values: String): Boolean {
        if (values.length == token.length) return values.equals(token, ignoreCase = true)
        if (values.length < token.length) return false
        return values.split(',').any { it.trim(' ', '\t').equals(token, ignoreCase = true) }
    }

    /** Calls [action] with the name and the value of each field. */
    public fun forEach(action: BiConsumer<String, String>) {
        for (i in namesAndValues.indices step 2) action.accept(namesAndValues[i], namesAndValues[i + 1])
    }

    /** These fields and another one behind them. */
    public fun plus(name: String, value: String): Headers = builder().add(this).add(name, value).build()

    /** These fields, with one field of [name] in place of all that there are; Twisted's `setRawHeaders`. */
    public fun with(name: String, value: String): Headers = without(name).plus(name, value)

    /** These fields except for those of [name]. */
    public fun without(name: String): Headers {
        if (name !in this) return this
        val builder = builder()
        forEach { each, value -> if (!each.equals(name, ignoreCase = true)) builder.add(each, value) }
        return builder.build()
    }

    @JvmSynthetic
    internal fun name(index: Int): String = namesAndValues[2 * index]

    @JvmSynthetic
    internal fun value(index: Int): String = namesAndValues[2 * index + 1]

    /** The same names, in any case, with the same values in the same order. */
    override fun equals(other: Any?): Boolean = other is Headers && size == other.size && (0 until size).all {
        name(it).equals(other.name(it), ignoreCase = true) && value(it) == other.value(it)
    }

    override fun hashCode(): Int = (0 until size).fold(0) { sum, i -> 31 * sum + name(i).lowercase().hashCode() + value(i).hashCode() }

    /** The names and values. Those of fields with credentials are left out. */
    override fun toString(): String = (0 until size).joinToString(", ", "Headers(", ")") {
        "${name(it)}: ${if (name(it).lowercase() in SECRET) "..." else escaped(value(it), SHOWN)}"
    }

    /** Collects fields. Not for several threads at once. */
    public class Builder internal constructor() {
        private val fields = ArrayList<String>()

        /** One more field. @throws IllegalArgumentException when it is no field of HTTP */
        public fun add(name: String, value: String): Builder = apply {
            check(name, value)
            fields.add(name)
            fields.add(value)
        }

        /** All fields of [headers]. */
        public fun add(headers: Headers): Builder = apply { fields.addAll(headers.namesAndValues) }

        /** The fields. */
        public fun build(): Headers = if (fields.isEmpty()) EMPTY else Headers(fields.toTypedArray())
    }

    public companion object {
        private const val SHOWN = 80
        private val SECRET = setOf("authorization", "proxy-authorization", "cookie", "set-cookie")

        private fun check(name: String, value: String) {
            require(isToken(name)) { "\"${escaped(name, SHOWN)}\" is no name of a field" }
            require(isFieldValue(value)) { "\"${escaped(value, SHOWN)}\" is no value for $name" }
        }

        /** The first [count] fields of [namesAndValues], whose characters have been checked, and which nobody changes from now on. */
        @JvmSynthetic
        internal fun ofChecked(namesAndValues: Array<String?>, count: Int): Headers {
            if (count == 0) return EMPTY
            val exact = if (namesAndValues.size == 2 * count) namesAndValues else namesAndValues.copyOf(2 * count)
            @Suppress("UNCHECKED_CAST")
            return Headers(exact as Array<String>)
        }

        /** No fields. */
        @JvmField
        public val EMPTY: Headers = Headers(emptyArray())

        /** A builder without fields. */
        @JvmStatic
        public fun builder(): Builder = Builder()

        /** Names and values in turn. @throws IllegalArgumentException when one of them is no part of a field of HTTP, or they are odd */
        @JvmStatic
        public fun of(vararg namesAndValues: String): Headers {
            require(namesAndValues.size % 2 == 0) { "the last name has no value" }
            for (i in namesAndValues.indices step 2) check(namesAndValues[i], namesAndValues[i + 1])
            return if (namesAndValues.isEmpty()) EMPTY else Headers(arrayOf(*namesAndValues))
        }
    }
}
