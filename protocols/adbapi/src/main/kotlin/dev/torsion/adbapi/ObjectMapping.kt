// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.lang.reflect.InvocationTargetException
import kotlin.reflect.KClass
import kotlin.reflect.KFunction
import kotlin.reflect.KParameter
import kotlin.reflect.full.primaryConstructor
import kotlin.reflect.jvm.isAccessible
import kotlin.reflect.jvm.jvmErasure

/** Rows as objects of a class: which are made by their constructor, whose parameters are columns. */
internal object ObjectMapping {
    @Suppress("UNCHECKED_CAST")
    fun <T : Any> mapper(type: Class<T>): RowMapper<T> = when {
        type == Row::class.java -> RowMapper { it as T }
        type == Map::class.java -> RowMapper { it.asMap() as T }
        type == List::class.java -> RowMapper { it.asList() as T }
        Conversion.isScalar(type) -> RowMapper { single(it, type) as T }
        type.isRecord -> RecordMapper(type)
        type.isAnnotationPresent(Metadata::class.java) -> KotlinMapper(type.kotlin)
        else -> throw MappingException(
            "a row cannot become a ${type.name}, which is neither a record nor a Kotlin class: give a RowMapper",
        )
    }

    private fun single(row: Row, type: Class<*>): Any? {
        if (row.size() != 1) throw MappingException("one column was expected for ${type.simpleName}, but there are ${row.names()}")
        val value = row[0] ?: throw MappingException("\"${row.names()[0]}\" is null: leave nulls out, or give a RowMapper")
        return Conversion.convert(value, type, row.names()[0])
    }

    private inline fun <R> unwrapped(make: () -> R): R = try {
        make()
    } catch (e: InvocationTargetException) {
        throw e.targetException
    }

    private class RecordMapper<T : Any>(private val type: Class<T>) : RowMapper<T> {
        private val components = type.recordComponents
        private val constructor =
            type.getDeclaredConstructor(*components.map { it.type }.toTypedArray()).apply { isAccessible = true }
        private var plan = Plan(null, IntArray(0))

        override fun map(row: Row): T {
            val columns = planFor(row.columns)
            val arguments =
                Array(components.size) { index ->
                    val component = components[index]
                    val value = row[columns[index]]
                    when {
                        value != null -> Conversion.convert(value, component.type, component.name)
                        component.type.isPrimitive -> throw MappingException("\"${component.name}\" of ${type.name} is null")
                        else -> null
                    }
                }
            return unwrapped { constructor.newInstance(*arguments) }
        }

        // Of one result: rows share their columns. Another thread may have another plan, which is as good.
        private fun planFor(columns: Columns): IntArray {
            val last = plan
            if (last.columns === columns) return last.indexes
            val indexes =
                IntArray(components.size) { index ->
                    columns.findFor(components[index].name).also {
                        if (it < 0) throw MappingException("no column fits \"${components[index].name}\" of ${type.name}: ${columns.names}")
                    }
                }
            plan = Plan(columns, indexes)
            return indexes
        }
    }

    private class KotlinMapper<T : Any>(private val type: KClass<T>) : RowMapper<T> {
        private val constructor: KFunction<T> =
            (type.primaryConstructor ?: throw MappingException("${type.qualifiedName} has no constructor to give a row to"))
                .apply { isAccessible = true }
        private val parameters = constructor.parameters
        private val types = parameters.map { it.type.jvmErasure.java }
        private var plan = Plan(null, IntArray(0))

        override fun map(row: Row): T {
            val columns = planFor(row.columns)
            val arguments = HashMap<KParameter, Any?>(parameters.size * 2)
            parameters.forEachIndexed { index, parameter ->
                if (columns[index] >= 0) arguments[parameter] = argument(parameter, types[index], row[columns[index]])
            }
            return unwrapped { constructor.callBy(arguments) }
        }

        private fun argument(parameter: KParameter, type: Class<*>, value: Any?): Any? {
            if (value != null) return Conversion.convert(value, type, parameter.name.orEmpty())
            if (!parameter.type.isMarkedNullable) throw MappingException("\"${parameter.name}\" of ${this.type.qualifiedName} is null")
            return null
        }

        private fun planFor(columns: Columns): IntArray {
            val last = plan
            if (last.columns === columns) return last.indexes
            val indexes =
                IntArray(parameters.size) { index ->
                    val parameter = parameters[index]
                    columns.findFor(parameter.name.orEmpty()).also {
                        if (it < 0 && !parameter.isOptional) {
                            throw MappingException("no column fits \"${parameter.name}\" of ${type.qualifiedName}: ${columns.names}")
                        }
                    }
                }
            plan = Plan(columns, indexes)
            return indexes
        }
    }

    /** Which column is which parameter: for the [columns] of one result. */
    private class Plan(val columns: Columns?, val indexes: IntArray)
}
