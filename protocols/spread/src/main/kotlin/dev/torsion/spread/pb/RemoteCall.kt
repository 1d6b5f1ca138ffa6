// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.log.escaped
import dev.torsion.spread.jelly.Conversion

/**
 * A call that has come from the other side.
 *
 * @property name the method, without a prefix
 * @property args the arguments by position
 * @property kwargs the arguments by name
 * @property broker the connection that it came on
 * @property perspective the avatar of the caller, for an [Avatar] and a [Viewable]; otherwise null
 */
public class RemoteCall internal constructor(
    @get:JvmName("name") public val name: String,
    @get:JvmName("args") public val args: List<Any?>,
    @get:JvmName("kwargs") public val kwargs: Map<String, Any?>,
    @get:JvmName("broker") public val broker: Broker,
    @get:JvmName("perspective") public val perspective: Any?,
    /** The values that it came with. */
    @get:JvmSynthetic internal val incoming: List<IncomingObjects>,
) {
    /** About how much memory the arguments take. */
    @get:JvmSynthetic
    internal val size: Long get() = incoming.sumOf(IncomingObjects::size)

    /** The argument at [index] as a [type]: any number that it fits, `byte[]`, and so on. When it is none, the caller is told. */
    public fun <T> arg(index: Int, type: Class<T>): T {
        if (index !in args.indices) throw ArgumentMismatch("$name has no argument ${index + 1}: ${args.size} were given")
        return converted("argument ${index + 1}", args[index], type)
    }

    /** The argument called [argument] as a [type]. When it is none, or was not given, the caller is told. */
    public fun <T> kwarg(argument: String, type: Class<T>): T {
        if (argument !in kwargs) throw ArgumentMismatch("$name wants an argument $argument, which was not given")
        return converted("argument $argument", kwargs[argument], type)
    }

    private fun <T> converted(what: String, value: Any?, type: Class<T>): T = try {
        @Suppress("UNCHECKED_CAST")
        Conversion.convert(value, type) as T
    } catch (e: IllegalArgumentException) {
        throw ArgumentMismatch("$what of $name does not fit: ${e.message}")
    }

    override fun toString(): String = "RemoteCall(${escaped(name, SHOWN)}, ${args.size} arguments)"

    private companion object {
        const val SHOWN = 80
    }
}

/** [RemoteCall.arg] for Kotlin: `call.arg<Int>(0)`. */
@JvmSynthetic
public inline fun <reified T> RemoteCall.arg(index: Int): T = arg(index, T::class.java)
