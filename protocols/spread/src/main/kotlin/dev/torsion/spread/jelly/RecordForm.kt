// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import java.lang.reflect.InvocationTargetException

/** How a Java record is copied: its components by their names, which are read once, at registration. */
internal class RecordForm<T : Record>(private val source: Class<T>) {
    private val components = source.recordComponents.onEach { it.accessor.isAccessible = true }
    private val constructor =
        source.getDeclaredConstructor(*components.map { it.type }.toTypedArray()).apply { isAccessible = true }

    fun state(value: T): Map<String, Any?> = components.associate { it.name to unwrapped { it.accessor.invoke(value) } }

    fun make(state: Any?): T {
        val values = namesOf(state)
        val arguments =
            components.map { component ->
                require(component.name in values) { "the state of ${source.name} has no \"${component.name}\"" }
                Conversion.convert(values[component.name], component.genericType)
            }
        return unwrapped { constructor.newInstance(*arguments.toTypedArray()) }
    }

    private inline fun <R> unwrapped(call: () -> R): R = try {
        call()
    } catch (e: InvocationTargetException) {
        throw e.targetException
    }
}

/** A peer's map of names, whichever way it writes these: as text or, as Python 2 did, as bytes. */
internal fun namesOf(state: Any?): Map<String, Any?> {
    require(state is Map<*, *>) { "the state is no dictionary" }
    return state.entries.associate { (name, value) -> requireNotNull(nameOf(name)) { "a name in the state is no text" } to value }
}

/** [value] as a name: text, or bytes. */
internal fun nameOf(value: Any?): String? = when (value) {
    is String -> value
    is dev.torsion.spread.banana.Bytes -> value.utf8()
    else -> null
}
