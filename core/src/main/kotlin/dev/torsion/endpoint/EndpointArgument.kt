// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.name.isIpv6
import java.time.Duration
import java.util.function.Supplier

/**
 * An argument of an [EndpointString]. A wrong one causes an [EndpointSyntaxException] that says where.
 *
 * @property value the text, without its `\`
 */
public class EndpointArgument internal constructor(
    private val text: EndpointString,
    private val name: String?,
    public val value: String,
    private val position: Int,
) {
    @JvmSynthetic
    internal fun named(name: String) = EndpointArgument(text, name, value, position)

    /** The host: not empty, and an address of IPv6 without its brackets. */
    public fun host(): String {
        if (value.isBlank()) throw error("the ${name ?: "host"} is empty")
        return address()
    }

    /** The text, but an address of IPv6 without its brackets. */
    public fun address(): String = value.removeSurrounding("[", "]").takeIf(::isIpv6) ?: value

    /** A port, which is a number from [smallest] to 65535. */
    @JvmOverloads
    public fun port(smallest: Int = 1): Int = number(smallest, MAX_PORT)

    /** A whole number from [smallest] to [largest]. */
    public fun number(smallest: Int, largest: Int): Int {
        val number = value.toIntOrNull() ?: throw error("$name must be a number, but is \"$value\"")
        if (number !in smallest..largest) throw error("$name must be between $smallest and $largest, but is $number")
        return number
    }

    /** A choice: `1` or `0`, as Twisted's strings have it, or `true`, `yes`, `false`, `no`. */
    public fun flag(): Boolean = when (value.lowercase()) {
        "1", "true", "yes" -> true
        "0", "false", "no" -> false
        else -> throw error("$name must be 1 or 0, but is \"$value\"")
    }

    /** A time in whole seconds, at least one. */
    public fun seconds(): Duration = Duration.ofSeconds(number(1, Int.MAX_VALUE).toLong())

    /** The result of [make] for it. An [IllegalArgumentException] counts as an error of this argument. */
    public fun <T> checked(make: Supplier<T>): T = try {
        make.get()
    } catch (e: EndpointSyntaxException) {
        throw e
    } catch (e: IllegalArgumentException) {
        throw EndpointSyntaxException(text.description, e.message ?: e.toString(), position, e)
    }

    /** An exception for a [problem] of this argument. */
    public fun error(problem: String): EndpointSyntaxException = EndpointSyntaxException(text.description, problem, position)

    override fun toString(): String = if (name == null) value else "$name=$value"

    private companion object {
        const val MAX_PORT = 0xffff
    }
}
