// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import java.lang.reflect.InvocationHandler
import java.lang.reflect.Method
import java.lang.reflect.Modifier
import java.lang.reflect.ParameterizedType
import java.lang.reflect.Proxy
import java.lang.reflect.Type
import java.lang.reflect.WildcardType
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.startCoroutineUninterceptedOrReturn

/**
 * Interfaces in front of a [RemoteReference]: `reference.proxy(Calculator.class)`, in Kotlin `reference.remote<Calculator>()`.
 *
 * ```java
 * interface Calculator {
 *   CompletableFuture<Integer> add(int a, int b);
 * }
 * ```
 *
 * | A method that | is called | and gives |
 * |---|---|---|
 * | gives a `Deferred<T>` | on the reactor's thread | the answer as a `T` |
 * | gives a `CompletableFuture<T>` or `CompletionStage<T>` | on any thread | the same |
 * | is a suspend function | in any coroutine | the same |
 * | gives nothing | on any thread | nothing: no answer is asked for, not even an error |
 *
 * If `T` is an interface, the answer is made a proxy too. The name on the wire is that of the method, or of its [Remote]. Default methods
 * run here, and call nobody. An answer that is no `T` is the peer's [violation][dev.torsion.net.ProtocolViolationException], and objects in
 * it are given back.
 */
public object RemoteProxies {
    /** The reference behind [proxy]. @throws IllegalArgumentException when it is no proxy of this kind */
    @JvmStatic
    public fun reference(proxy: Any): RemoteReference {
        val handler = if (Proxy.isProxyClass(proxy.javaClass)) Proxy.getInvocationHandler(proxy) else null
        return requireNotNull(handler as? Handler) { "no proxy of a remote object: ${proxy.javaClass.name}" }.reference
    }

    @JvmSynthetic
    internal fun <T : Any> make(reference: RemoteReference, contract: Class<T>): T {
        require(contract.isInterface) { "${contract.name} is no interface" }
        val plans = PLANS.get(contract)
        return contract.cast(Proxy.newProxyInstance(contract.classLoader, arrayOf(contract), Handler(reference, contract, plans)))
    }

    /** The reference behind [value] when it is a proxy, so that proxies are sent as what they stand for. */
    @JvmSynthetic
    internal fun behind(value: Any): RemoteReference? =
        if (Proxy.isProxyClass(value.javaClass)) (Proxy.getInvocationHandler(value) as? Handler)?.reference else null

    private val PLANS =
        object : ClassValue<Map<Method, Plan>>() {
            override fun computeValue(type: Class<*>): Map<Method, Plan> =
                type.methods.filter { Modifier.isAbstract(it.modifiers) && !isOfObject(it) }.associateWith { Plan.of(it) }
        }

    private fun isOfObject(method: Method) = try {
        Any::class.java.getMethod(method.name, *method.parameterTypes)
        true
    } catch (_: NoSuchMethodException) {
        false
    }

    private enum class Voice { DEFERRED, FUTURE, SUSPEND, NONE }

    private class Plan(val name: String, val voice: Voice, val result: Type) {
        fun call(reference: RemoteReference, arguments: List<Any?>): Any? = when (voice) {
            Voice.DEFERRED -> reference.deferredOf(name, arguments, ::convert)
            Voice.FUTURE -> reference.futureOf(name, arguments, ::convert)
            Voice.NONE -> {
                reference.send(name, *arguments.toTypedArray())
                null
            }
            Voice.SUSPEND -> suspended(reference, arguments)
        }

        private fun suspended(reference: RemoteReference, arguments: List<Any?>): Any? {
            @Suppress("UNCHECKED_CAST")
            val continuation = arguments.last() as Continuation<Any?>
            val call: suspend () -> Any? = { reference.valueOf(name, arguments.dropLast(1), ::convert) }
            return call.startCoroutineUninterceptedOrReturn(continuation)
        }

        private fun convert(answer: Any?): Any? = when (result) {
            Unit::class.java -> Unit
            Void::class.java -> null
            else -> Answers.convert(name, answer, result)
        }

        companion object {
            fun of(method: Method): Plan {
                val name = MethodTable.contractName(method)
                val type = method.returnType
                return when {
                    method.parameterTypes.lastOrNull() == Continuation::class.java ->
                        Plan(name, Voice.SUSPEND, bound(argument(method.genericParameterTypes.last())))
                    type == Deferred::class.java -> Plan(name, Voice.DEFERRED, argument(method.genericReturnType))
                    type == CompletableFuture::class.java || type == CompletionStage::class.java ->
                        Plan(name, Voice.FUTURE, argument(method.genericReturnType))
                    type == Void.TYPE -> Plan(name, Voice.NONE, Void.TYPE)
                    else -> throw IllegalArgumentException(
                        "$method cannot wait for its answer: let it give a Deferred, a CompletableFuture or nothing, or suspend",
                    )
                }
            }

            private fun argument(type: Type): Type = (type as? ParameterizedType)?.actualTypeArguments?.get(0) ?: Any::class.java

            private fun bound(type: Type): Type = (type as? WildcardType)?.lowerBounds?.firstOrNull() ?: type
        }
    }

    private class Handler(val reference: RemoteReference, private val contract: Class<*>, private val plans: Map<Method, Plan>) :
        InvocationHandler {
        override fun invoke(proxy: Any, method: Method, args: Array<Any?>?): Any? {
            plans[method]?.let { return it.call(reference, args?.asList() ?: emptyList()) }
            if (method.isDefault) return InvocationHandler.invokeDefault(proxy, method, *(args ?: arrayOfNulls(0)))
            return when (method.name) {
                "equals" -> args!![0]?.let(::behind) == reference
                "hashCode" -> reference.hashCode()
                "toString" -> "${contract.simpleName} of $reference"
                else -> throw UnsupportedOperationException("$method is none of the other side's")
            }
        }
    }
}
