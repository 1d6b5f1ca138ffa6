// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.name.isIpv6
import dev.torsion.net.TcpOptions

/**
 * An endpoint string, taken apart: `kind:argument:argument:key=value`. A `\` takes the meaning from the next character. An [EndpointParser]
 * reads it.
 *
 * ```kotlin
 * text.order("host", "port")
 * val host = text.needed("host").host()
 * val port = text.needed("port").port()
 * val user = text.option("user")?.value
 * ```
 *
 * Arguments that the parser has not asked for are refused when it returns, so that no misspelt option is overlooked.
 *
 * The grammar is Twisted's (`twisted.internet.endpoints`), with one exception: an address of IPv6 in brackets, such as `[::1]`, may stand
 * where an argument begins, and its colons end nothing.
 *
 * Thread: one at a time.
 */
public class EndpointString internal constructor(
    /** The whole string, as it was given. */
    public val description: String,
    /** Options of the connections, for endpoints that have such. A string inside this one gets them too. */
    public val transport: TcpOptions = TcpOptions.DEFAULT,
) {
    private val parts: List<Part> = EndpointSplitter(description).split()
    private val options = LinkedHashMap<String, EndpointArgument>()
    private val unnamed = ArrayList<EndpointArgument>()
    private val used = LinkedHashSet<String>()

    /** The part before the first colon, such as `tcp`. */
    public val kind: String get() = parts.first().value

    /** The part behind the first colon, as it was given: for kinds with another endpoint string inside. All of it counts as asked for. */
    public fun rest(): String {
        used.addAll(options.keys)
        unnamed.clear()
        return if (parts.size == 1) "" else description.substring(parts[1].start)
    }

    init {
        for (part in parts.drop(1)) {
            val argument = EndpointArgument(this, part.key, part.value, part.valueStart)
            if (part.key == null) {
                unnamed.add(argument)
            } else if (options.put(part.key, argument) != null) {
                throw EndpointSyntaxException(description, "${part.key} is given twice", part.start)
            }
        }
    }

    /**
     * Gives the arguments without a name these [names], one after the other, leaving out those that are given as `name=value`, as in
     * Twisted. Call it once, before the others.
     */
    public fun order(vararg names: String) {
        val given = ArrayList(unnamed)
        unnamed.clear()
        val named = names.filter { it in options }
        val left = given.iterator()
        for (name in names) {
            if (name in options || !left.hasNext()) continue
            options[name] = left.next().named(name)
        }
        used.addAll(names)
        if (!left.hasNext()) return
        val surplus = left.next()
        throw bareAddress(given, given.size - (names.size - named.size))
            ?: if (named.isNotEmpty() && given.size >= names.size) {
                error("${named.first()} is given twice")
            } else {
                surplus.error("\"${surplus.value}\" is one argument too many")
            }
    }

    /** The argument [name]; the string is refused when it is missing. */
    public fun needed(name: String): EndpointArgument = option(name) ?: throw error("it needs a $name")

    /** The argument [name], or null. */
    public fun option(name: String): EndpointArgument? {
        used.add(name)
        return options[name]
    }

    /** An exception for a [problem] of the whole string. */
    public fun error(problem: String): EndpointSyntaxException = EndpointSyntaxException(description, problem)

    @JvmSynthetic
    internal fun checkAllUsed() {
        unnamed.firstOrNull()?.let { throw it.error("\"${it.value}\" is one argument too many") }
        val unknown = options.entries.firstOrNull { it.key !in used } ?: return
        val name = unknown.key
        val start = parts.first { it.key == name }.start
        throw EndpointSyntaxException(description, "\"$kind\" has no option \"$name\"; it has ${used.joinToString(", ")}", start)
    }

    /** The message when the colons of an address of IPv6 have ended arguments, of which there are then [surplus] too many. */
    private fun bareAddress(given: List<EndpointArgument>, surplus: Int): EndpointSyntaxException? {
        val arguments = parts.drop(1)
        val lengths = listOf(surplus + 1) + (arguments.size downTo 2)
        for (length in lengths) {
            for (run in arguments.windowed(length)) {
                if (run.drop(1).any { it.key != null }) continue
                val address = run.joinToString(":") { it.value }
                if (!isIpv6(address) || given.isEmpty()) continue
                return EndpointSyntaxException(
                    description,
                    "the colons of \"$address\" end arguments: an address of IPv6 is written in brackets, [$address], or as " +
                        quoteStringArgument(address),
                    run.first().valueStart,
                )
            }
        }
        return null
    }

    override fun toString(): String = description

    internal companion object {
        /** The result of [make] for [text]. When it refuses an argument, that is an error of the string. */
        inline fun <T> parsing(text: EndpointString, make: () -> T): T = try {
            make().also { text.checkAllUsed() }
        } catch (e: EndpointSyntaxException) {
            throw e
        } catch (e: IllegalArgumentException) {
            throw EndpointSyntaxException(text.description, e.message ?: e.toString(), cause = e)
        }
    }
}
