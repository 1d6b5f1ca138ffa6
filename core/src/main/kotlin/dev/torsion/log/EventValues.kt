// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

/** Reads names and values that were given in turn. */
internal object EventValues {
    /** The name of a value that was given without one. */
    private const val NAMELESS = "?"

    /** The [context], and what [namesAndValues] add. */
    fun inTurn(context: Map<String, Any?>, namesAndValues: Array<out Any?>): Map<String, Any?> {
        if (namesAndValues.isEmpty()) return context
        val values = LinkedHashMap(context)
        for (i in 0..<namesAndValues.size - 1 step 2) values[LogFormat.text(namesAndValues[i])] = namesAndValues[i + 1]
        if (namesAndValues.size % 2 == 1 && leftOver(namesAndValues) == null) values[NAMELESS] = namesAndValues.last()
        return values
    }

    /** The Throwable that has no name, at the end. */
    fun leftOver(namesAndValues: Array<out Any?>): Throwable? =
        if (namesAndValues.size % 2 == 1) namesAndValues.last() as? Throwable else null
}
