// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.inlineCallbacks
import dev.torsion.log.escaped
import dev.torsion.spread.jelly.Conversion
import java.lang.reflect.InvocationTargetException
import java.lang.reflect.Method
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * A method that may be called, and how the arguments of a call come to its parameters. The first [leading] of these are not the caller's.
 */
internal class BoundMethod(private val method: Method, private val leading: Int) {
    private val isSuspend = method.parameterTypes.lastOrNull() == Continuation::class.java
    private val types = method.genericParameterTypes.drop(leading).dropLast(if (isSuspend) 1 else 0)
    private val names =
        method.parameters.drop(leading).take(types.size).map { parameter ->
            parameter.getAnnotation(Arg::class.java)?.value ?: parameter.name.takeIf { parameter.isNamePresent }
        }
    private val takesCall = types.singleOrNull() == RemoteCall::class.java
    private val takesRest = method.isVarArgs && !isSuspend && types.isNotEmpty()

    init {
        require(method.parameterCount >= leading) { "$method has no parameter for the caller's avatar" }
        method.isAccessible = true
    }

    fun overrides(other: Method) = method.name == other.name && method.parameterCount == other.parameterCount &&
        (method.parameterTypes.contentEquals(other.parameterTypes) || other.declaringClass != method.declaringClass)

    fun invoke(target: Any, call: RemoteCall, leadingValues: Array<Any?>): Any? {
        val arguments = arrayOf(*leadingValues, *bind(call))
        if (!isSuspend) return nothingIfUnit(reflected { method.invoke(target, *arguments) })
        return inlineCallbacks(call.broker.coroutineContext) {
            nothingIfUnit(
                suspendCoroutineUninterceptedOrReturn<Any?> { caller -> reflected { method.invoke(target, *arguments, caller) } },
            )
        }
    }

    private fun nothingIfUnit(result: Any?) = if (result === Unit) null else result

    private inline fun reflected(call: () -> Any?): Any? = try {
        call()
    } catch (e: InvocationTargetException) {
        throw e.targetException
    }

    private fun bind(call: RemoteCall): Array<Any?> {
        if (takesCall) return arrayOf(call)
        val fixed = if (takesRest) types.size - 1 else types.size
        if (call.args.size > fixed && !takesRest) mismatch(call, "takes $fixed arguments, but ${call.args.size} were given")
        val bound = arrayOfNulls<Any?>(types.size)
        var named = 0
        for (i in 0 until fixed) {
            val name = names[i]
            val byName = name != null && call.kwargs.containsKey(name)
            if (byName) named++
            bound[i] =
                when {
                    i < call.args.size && byName -> mismatch(call, "got two values for the argument $name")
                    i < call.args.size -> convert(call, i, call.args[i])
                    byName -> convert(call, i, call.kwargs[name])
                    else -> mismatch(call, "wants the argument ${name ?: "${i + 1}"}, which was not given")
                }
        }
        if (named < call.kwargs.size) {
            mismatch(call, "has no argument ${escaped(call.kwargs.keys.first { it !in names }, SHOWN)}")
        }
        if (takesRest) bound[fixed] = rest(call, fixed)
        return bound
    }

    private fun rest(call: RemoteCall, fixed: Int): Any {
        val component = method.parameterTypes.last().componentType
        val count = maxOf(call.args.size - fixed, 0)
        val rest = java.lang.reflect.Array.newInstance(component, count)
        for (i in 0 until count) {
            val value = converting(call, fixed + i) { Conversion.convert(call.args[fixed + i], component) }
            java.lang.reflect.Array.set(rest, i, value)
        }
        return rest
    }

    private fun convert(call: RemoteCall, index: Int, value: Any?): Any? =
        converting(call, index) { Conversion.convert(value, types[index]) }

    private inline fun converting(call: RemoteCall, index: Int, convert: () -> Any?): Any? = try {
        convert()
    } catch (e: IllegalArgumentException) {
        mismatch(call, "does not take argument ${index + 1}: ${e.message}")
    }

    private fun mismatch(call: RemoteCall, why: String): Nothing = throw ArgumentMismatch("${call.name} $why")

    private companion object {
        const val SHOWN = 100
    }
}
