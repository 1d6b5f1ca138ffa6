// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.util.Collections

/**
 * A row of a result. Immutable. Thread: any.
 *
 * Its values are plain: numbers, text, booleans, `byte[]`, `LocalDate`, `LocalTime`, `OffsetTime`, `LocalDateTime`, `OffsetDateTime`,
 * `UUID`, lists for arrays, null. Large objects are read whole. A value of a type that only the driver knows, such as PostgreSQL's `jsonb`,
 * is its text.
 */
public class Row internal constructor(@get:JvmSynthetic internal val columns: Columns, private val values: Array<Any?>) {
    /** The names of the columns, as the database gives them: H2's are in capital letters, PostgreSQL's in small ones. */
    public fun names(): List<String> = columns.names

    /** How many columns there are. */
    public fun size(): Int = values.size

    /** The value of the column at [index], from 0. */
    public operator fun get(index: Int): Any? = values[index]

    /**
     * The value of the column [name]; capital and small letters are the same, unless two columns differ in nothing else.
     *
     * @throws MappingException when there is none, or more than one
     */
    public operator fun get(name: String): Any? = values[columns.indexOf(name)]

    /** The value of the column [name] as a [type], null when it is null; numbers are converted, and never cut. */
    public fun <T : Any> get(name: String, type: Class<T>): T? = convert(columns.indexOf(name), type)

    /** The value of the column at [index] as a [type], null when it is null; numbers are converted, and never cut. */
    public fun <T : Any> get(index: Int, type: Class<T>): T? = convert(index, type)

    /** The values by their names. @throws MappingException when two columns have the same name */
    public fun asMap(): Map<String, Any?> {
        columns.requireUnique()
        val map = LinkedHashMap<String, Any?>(values.size * 2)
        values.forEachIndexed { index, value -> map[columns.names[index]] = value }
        return Collections.unmodifiableMap(map)
    }

    /** The values in the order of the columns. */
    public fun asList(): List<Any?> = Collections.unmodifiableList(values.clone().asList())

    @Suppress("UNCHECKED_CAST")
    private fun <T : Any> convert(index: Int, type: Class<T>): T? =
        values[index]?.let { Conversion.convert(it, type, columns.names[index]) } as T?

    override fun equals(other: Any?): Boolean =
        other is Row && columns.names == other.columns.names && values.contentDeepEquals(other.values)

    override fun hashCode(): Int = values.contentDeepHashCode()

    override fun toString(): String = columns.names.indices.joinToString(", ", "Row(", ")") { "${columns.names[it]}=${values[it]}" }
}

/** [Row.get] for Kotlin: `row.value<Int>("price")`. */
@JvmSynthetic
public inline fun <reified T : Any> Row.value(name: String): T? = get(name, T::class.java)

/** The names of a result's columns, which its rows share. */
internal class Columns(val names: List<String>) {
    private val exact = HashMap<String, Int>(names.size * 2)
    private val folded = HashMap<String, Int>(names.size * 2)

    init {
        names.forEachIndexed { index, name ->
            exact.merge(name, index) { _, _ -> AMBIGUOUS }
            folded.merge(name.lowercase(), index) { _, _ -> AMBIGUOUS }
        }
    }

    fun indexOf(name: String): Int {
        val index = exact[name] ?: folded[name.lowercase()] ?: throw MappingException("there is no column \"$name\": there are $names")
        if (index == AMBIGUOUS) throw MappingException("more than one column is called \"$name\": give them names with AS")
        return index
    }

    /** The column for the parameter or component called [name]: `firstName` is `first_name` too. -1 when there is none. */
    fun findFor(name: String): Int {
        val direct = exact[name] ?: folded[name.lowercase()]
        if (direct != null) return if (direct == AMBIGUOUS) indexOf(name) else direct
        val plain = plain(name)
        val found = names.indices.filter { plain(names[it]) == plain }
        if (found.size > 1) throw MappingException("more than one column fits \"$name\": ${found.map(names::get)}")
        return found.firstOrNull() ?: -1
    }

    fun requireUnique() {
        val twice = exact.entries.firstOrNull { it.value == AMBIGUOUS } ?: return
        throw MappingException("more than one column is called \"${twice.key}\": give them names with AS, or take the row as a list")
    }

    private fun plain(name: String) = name.replace("_", "").lowercase()

    private companion object {
        const val AMBIGUOUS = -1
    }
}
