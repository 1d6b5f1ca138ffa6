// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.log.escaped
import dev.torsion.log.escapedThrowable
import dev.torsion.net.ProtocolViolationException

/**
 * A list of named arguments: the rows of an [ampList][AmpTypes.ampList] are declared by a subclass. A [Command] has two of them inside.
 *
 * ```kotlin
 * object Frog : Arguments() {
 *     val name = argument("name", AmpTypes.UNICODE)
 *     val legs = argument("legs", AmpTypes.INT)
 * }
 * ```
 *
 * Declare everything while it is constructed. Thread: any, from then on.
 */
public abstract class Arguments {
    private val declared = ArrayList<Argument<*>>()
    private var reserved: List<String> = emptyList()
    private var isFixed = false

    /** The declared arguments: from the first use on, it cannot change. */
    @get:JvmSynthetic
    internal val all: List<Argument<*>> by lazy {
        isFixed = true
        declared.toList()
    }

    private val layout by lazy { BoxLayout(all.map { it.name } + reserved) }

    /**
     * Declares an argument that must be given.
     *
     * @throws IllegalArgumentException when [name] is empty, longer than 255 characters, has one above U+00FF, begins with `_ask` and its
     *   like, or is declared already
     */
    protected fun <T : Any> argument(name: String, type: AmpType<T>): Argument<T> = declare(name, type, isOptional = false)

    /** Declares an argument that may be left out; its value is null then. Twisted's `optional=True`. */
    protected fun <T : Any> optionalArgument(name: String, type: AmpType<T>): Argument<T?> = declare(name, type, isOptional = true)

    @JvmSynthetic
    internal fun <T> declare(name: String, type: AmpType<*>, isOptional: Boolean): Argument<T> {
        check(!isFixed) { "$this is in use already, so $name comes too late" }
        require(name.length in 1..AmpBox.MAX_KEY_LENGTH) { "a name has 1 to ${AmpBox.MAX_KEY_LENGTH} characters: \"${escaped(name)}\"" }
        require(name.all { it.code <= MAX_BYTE }) { "a name has one byte for each character: \"${escaped(name)}\"" }
        require(name !in Keys.ALL) { "the name $name is AMP's own" }
        require(declared.none { it.name == name }) { "the name $name is declared already" }
        @Suppress("UNCHECKED_CAST")
        return Argument<T>(this, declared.size, name, type as AmpType<Any>, isOptional).also(declared::add)
    }

    /** Boxes of these have [keys] too. */
    @JvmSynthetic
    internal fun reserve(vararg keys: String) {
        reserved = keys.asList()
    }

    @JvmSynthetic
    internal fun values(given: Array<out ArgumentValue>): Values {
        val values = arrayOfNulls<Any?>(all.size)
        for (one in given) {
            val argument = one.argument
            if (argument.owner !== this) throw InvalidSignatureException("${argument.name} is no argument of $this.")
            if (values[argument.index] != null) throw InvalidSignatureException("${argument.name} of $this is given twice.")
            values[argument.index] = one.value
        }
        return Values(this, values)
    }

    /** The bytes of each of [values] in its place, with room for the reserved keys behind. */
    @JvmSynthetic
    internal fun slots(values: Values): Array<ByteArray?> {
        if (values.owner !== this && values.owner != null) throw InvalidSignatureException("The values are not those of $this.")
        val slots = arrayOfNulls<ByteArray>(all.size + reserved.size)
        for (argument in all) {
            val value = if (values.owner == null) null else values.at(argument.index)
            if (value != null) {
                slots[argument.index] = encoded(argument, value)
            } else if (!argument.isOptional) {
                throw InvalidSignatureException("${argument.name} of $this is missing.")
            }
        }
        return slots
    }

    private fun encoded(argument: Argument<*>, value: Any): ByteArray = try {
        argument.type.encode(value).also { checkLength(argument.name, it) }
    } catch (e: TooLongException) {
        throw e
    } catch (e: Exception) { // a type of the user's may throw anything
        throw InvalidSignatureException(
            "${argument.name} of $this cannot be sent as ${argument.type}: ${shown(e)}.",
            escapedThrowable(e),
        )
    }

    @JvmSynthetic
    internal fun boxOf(slots: Array<ByteArray?>): ByteArray = layout.encode(slots)

    @JvmSynthetic
    internal fun encode(values: Values): ByteArray = boxOf(slots(values))

    /** @throws ProtocolViolationException when one is missing, or none of its type */
    @JvmSynthetic
    internal fun decode(box: AmpBox): Values {
        val values = arrayOfNulls<Any?>(all.size)
        for (argument in all) {
            val bytes = box.raw(argument.name)
            if (bytes != null) {
                values[argument.index] = decoded(argument, bytes)
            } else if (!argument.isOptional) {
                throw ProtocolViolationException("${argument.name} of $this is missing.")
            }
        }
        return Values(this, values)
    }

    private fun decoded(argument: Argument<*>, bytes: ByteArray): Any = try {
        argument.type.decode(bytes)
    } catch (e: Exception) { // a type of the user's may throw anything
        throw ProtocolViolationException("${argument.name} of $this is no ${argument.type}: ${shown(e)}.", escapedThrowable(e))
    }

    private companion object {
        const val MAX_BYTE = 0xff
    }
}

/** The keys of AMP's own. */
internal object Keys {
    const val ASK = "_ask"
    const val ANSWER = "_answer"
    const val COMMAND = "_command"
    const val ERROR = "_error"
    const val ERROR_CODE = "_error_code"
    const val ERROR_DESCRIPTION = "_error_description"
    val ALL = setOf(ASK, ANSWER, COMMAND, ERROR, ERROR_CODE, ERROR_DESCRIPTION)
}
