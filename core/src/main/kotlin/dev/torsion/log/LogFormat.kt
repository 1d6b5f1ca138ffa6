// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

/** Fills the fields of a format string; the part of PEP 3101 that names need. */
internal object LogFormat {
    /** [format] with [values] in place of `{name}`. Never throws. */
    fun format(format: String, values: Map<String, Any?>): String {
        if ('{' !in format && '}' !in format) return format
        val out = StringBuilder(format.length + ROOM)
        var at = 0
        while (at < format.length) {
            val char = format[at]
            val isDoubled = at + 1 < format.length && format[at + 1] == char
            val end = if (char == '{' && !isDoubled) fieldEnd(format, at) else -1
            when {
                (char == '{' || char == '}') && isDoubled -> {
                    out.append(char)
                    at++
                }
                end < 0 -> out.append(char)
                else -> {
                    val name = format.substring(at + 1, end)
                    if (values.containsKey(name)) out.append(text(values[name])) else out.append(format, at, end + 1)
                    at = end
                }
            }
            at++
        }
        return out.toString()
    }

    /** Whether [format] shows the value of [name]. */
    fun shows(format: String, name: String): Boolean = "{$name}" in format

    /** Where the field that begins at [start] ends, or -1 when this brace begins none. */
    private fun fieldEnd(format: String, start: Int): Int {
        val end = format.indexOf('}', start)
        val nested = format.indexOf('{', start + 1)
        return if (nested in 0..<end) -1 else end
    }

    /** [value] as text: its `toString`, or, when that fails, its class and the error. */
    fun text(value: Any?): String = try {
        when {
            value is String -> value
            value != null && value.javaClass.isArray -> arrayOf(value).contentDeepToString().removeSurrounding("[", "]")
            else -> java.lang.String.valueOf(value) ?: "null" // a toString in Java may give null
        }
    } catch (e: Throwable) { // a StackOverflowError of a list that holds itself, too
        failedText(value, "toString", e)
    }

    private const val ROOM = 32
}
