// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.log.escaped

/** An endpoint string that cannot be understood. The message says what is wrong with it, and what is right. */
public class EndpointSyntaxException(
    /** The string as it was given. */
    public val description: String,
    problem: String,
) : IllegalArgumentException("Bad endpoint \"${shown(description)}\": ${shown(problem)}")

/** [text] as it can be shown. A backslash stays as it is: there are many in endpoint strings. */
private fun shown(text: String) = escaped(text).replace("\\\\", "\\")

/**
 * An endpoint string, taken apart: `kind:argument:argument:key=value`, where `\` takes the meaning from the character behind it.
 *
 * The grammar is Twisted's (`twisted.internet.endpoints`).
 */
internal class EndpointString private constructor(
    private val description: String,
    val kind: String,
    private val arguments: List<String>,
    private val options: Map<String, String>,
) {
    private val used = HashSet<String>()

    /**
     * The values of [names], in this order: those that are not given as `name=value` are the arguments without a name, one after the
     * other, as in Twisted. Null where there is none.
     */
    fun positional(vararg names: String): List<String?> {
        used.addAll(names)
        val unnamed = arguments.iterator()
        val values = names.map { options[it] ?: if (unnamed.hasNext()) unnamed.next() else null }
        if (unnamed.hasNext()) {
            val twice = names.firstOrNull { it in options && arguments.size >= names.size }
            fail(if (twice != null) "$twice is given twice" else "\"${unnamed.next()}\" is one argument too many")
        }
        return values
    }

    fun needed(
        name: String,
        value: String?,
    ): String = value ?: fail("it needs a $name")

    fun option(name: String): String? {
        used.add(name)
        return options[name]
    }

    fun port(
        text: String,
        smallest: Int,
    ): Int = number("port", text, smallest, MAX_PORT)

    fun number(
        name: String,
        text: String,
        smallest: Int,
        largest: Int,
    ): Int {
        val value = text.toIntOrNull() ?: fail("$name must be a number, but is \"$text\"")
        if (value !in smallest..largest) fail("$name must be between $smallest and $largest, but is $value")
        return value
    }

    /** Refuses what nobody has asked for: a misspelt option must not be overlooked. */
    fun checkAllUsed() {
        val unknown = options.keys - used
        if (unknown.isNotEmpty()) fail("\"$kind\" has no option \"${unknown.first()}\"; it has ${used.joinToString(", ")}")
    }

    /** What [make] makes of the arguments; that it refuses them is an error of the string. */
    inline fun <T> checked(make: () -> T): T =
        try {
            make()
        } catch (e: IllegalArgumentException) {
            fail(e.message ?: e.toString())
        }

    fun fail(problem: String): Nothing = throw EndpointSyntaxException(description, problem)

    companion object {
        private const val MAX_PORT = 0xffff

        fun parse(description: String): EndpointString {
            val parts = split(description)
            val arguments = parts.drop(1).filter { it.second == null }.map { it.first }
            val options = LinkedHashMap<String, String>()
            for ((key, value) in parts.drop(1)) {
                if (value == null) continue
                if (options.put(key, value) != null) throw EndpointSyntaxException(description, "$key is given twice")
            }
            return EndpointString(description, parts.first().first, arguments, options)
        }

        /** The parts between colons, each as an argument, or as a key and its value. */
        private fun split(description: String): List<Pair<String, String?>> {
            val parts = ArrayList<Pair<String, String?>>()
            var key: String? = null
            val text = StringBuilder()

            fun endPart() {
                parts.add(key?.let { it to text.toString() } ?: (text.toString() to null))
                key = null
                text.clear()
            }
            var at = 0
            while (at < description.length) {
                when (val c = description[at]) {
                    '\\' -> {
                        if (++at == description.length) throw EndpointSyntaxException(description, "it ends in a lone backslash")
                        text.append(description[at])
                    }
                    ':' -> endPart()
                    '=' ->
                        if (key == null) {
                            key = text.toString()
                            text.clear()
                        } else {
                            text.append(c)
                        }
                    else -> text.append(c)
                }
                at++
            }
            endPart()
            return parts
        }
    }
}
