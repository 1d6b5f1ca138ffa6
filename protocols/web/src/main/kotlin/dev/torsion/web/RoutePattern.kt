// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.util.UUID

/** The texts that a parameter of a pattern takes, by the name behind its colon: those that each server on the way reads in the same way. */
internal enum class ParameterType(private val takes: (String) -> Boolean) {
    TEXT({ it.isNotEmpty() }),
    INT({ int(it) != null }),
    LONG({ long(it) != null }),
    UUID({ uuid(it) != null }),
    ;

    fun takes(text: String): Boolean = takes.invoke(text)

    companion object {
        private val NUMBER = Regex("-?[0-9]{1,19}") // Java reads the digits of other scripts, and a plus
        private val UUID_FORM = Regex("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}") // Java reads shorter ones

        fun of(name: String): ParameterType? = entries.find { it != TEXT && it.name.lowercase() == name }

        fun int(text: String): Int? = if (NUMBER.matches(text)) text.toIntOrNull() else null

        fun long(text: String): Long? = if (NUMBER.matches(text)) text.toLongOrNull() else null

        fun uuid(text: String): java.util.UUID? = if (UUID_FORM.matches(text)) java.util.UUID.fromString(text) else null
    }
}

/** The pattern of a path, see [Router]. One that [isOpen] is the beginning of the paths that fit. */
internal class RoutePattern(val text: String, private val isOpen: Boolean) {
    private sealed interface Part

    private class Name(val name: String) : Part

    private class Parameter(val name: String, val type: ParameterType) : Part

    private class Rest(val name: String) : Part

    private val parts: List<Part>
    private val hasParameters: Boolean

    init {
        require(text.startsWith('/')) { "a pattern begins with a slash, but \"$text\" does not" }
        require(!isOpen || text == "/" || !text.endsWith('/')) { "\"$text\" is where something is mounted, and ends with a slash" }
        val names = if (isOpen && text == "/") emptyList() else text.drop(1).split('/')
        parts = names.mapIndexed { i, part -> part(part, isLast = i == names.lastIndex) }
        val parameters = parts.mapNotNull { (it as? Parameter)?.name ?: (it as? Rest)?.name }
        require(parameters.toSet().size == parameters.size) { "\"$text\" has two parameters of one name" }
        hasParameters = parameters.isNotEmpty()
    }

    private fun part(part: String, isLast: Boolean): Part {
        if (part.none { it == '{' || it == '}' }) return Name(part)
        val inside = part.removeSurrounding("{", "}")
        require(inside.length == part.length - 2 && inside.isNotEmpty() && inside.none { it == '{' || it == '}' }) {
            "\"$part\" in \"$text\" is neither a name nor a parameter"
        }
        if (inside.endsWith("...")) {
            require(isLast && !isOpen && inside.length > 3) {
                "only the last part of \"$text\" can take all that is left, and it has a name"
            }
            return Rest(inside.dropLast(3))
        }
        val name = inside.substringBefore(':')
        require(name.isNotEmpty()) { "\"$part\" in \"$text\" has no name" }
        if (':' !in inside) return Parameter(name, ParameterType.TEXT)
        val type = ParameterType.of(inside.substringAfter(':'))
        return Parameter(name, requireNotNull(type) { "\"$part\" in \"$text\" has a type that is none: there are int, long and uuid" })
    }

    /** How many names of a path the pattern takes, when it [isOpen]. */
    val size: Int get() = parts.size

    fun fits(segments: List<String>): Boolean {
        val hasRest = parts.lastOrNull() is Rest
        if (if (hasRest || isOpen) segments.size < parts.size else segments.size != parts.size) return false
        for (i in parts.indices) {
            when (val part = parts[i]) {
                is Name -> if (part.name != segments[i]) return false
                is Parameter -> if (!part.type.takes(segments[i])) return false
                is Rest -> if (segments.subList(i, segments.size).any(::misleads)) return false
            }
        }
        return true
    }

    private fun misleads(segment: String) = segment == "." || segment == ".." || segment.any { it == '/' || it == '\\' || it < ' ' }

    fun parameters(segments: List<String>): Map<String, String> {
        if (!hasParameters) return emptyMap()
        val found = LinkedHashMap<String, String>()
        for (i in parts.indices) {
            when (val part = parts[i]) {
                is Name -> Unit
                is Parameter -> found[part.name] = segments[i]
                is Rest -> found[part.name] = segments.subList(i, segments.size).joinToString("/")
            }
        }
        return found
    }
}
