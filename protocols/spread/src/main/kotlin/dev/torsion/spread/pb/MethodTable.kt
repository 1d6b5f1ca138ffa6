// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.log.escaped
import java.lang.reflect.Method
import java.lang.reflect.Modifier

/** Which methods of a class a kind of call may reach: those with its annotation. */
internal enum class MethodKind(val prefix: String) {
    REMOTE("remote_"),
    PERSPECTIVE("perspective_"),
    VIEW("view_"),
    OBSERVE("observe_"),
    ;

    /** The name that [method] has on the wire, or null when it may not be called. */
    fun nameOf(method: Method): String? {
        val given =
            when (this) {
                REMOTE -> method.getAnnotation(Remote::class.java)?.value
                PERSPECTIVE -> method.getAnnotation(Perspective::class.java)?.value
                VIEW -> method.getAnnotation(View::class.java)?.value
                OBSERVE -> method.getAnnotation(Observe::class.java)?.value
            }
        return given?.ifEmpty { method.name }
    }

    private val tables =
        object : ClassValue<MethodTable>() {
            override fun computeValue(type: Class<*>) = MethodTable.build(type, this@MethodKind)
        }

    fun table(type: Class<*>): MethodTable = tables.get(type)
}

/**
 * The methods of one class that may be called, by their names on the wire: made once, and then the only place where names are looked up.
 */
internal class MethodTable private constructor(private val prefix: String, private val methods: Map<String, BoundMethod>) {
    fun invoke(target: Any, call: RemoteCall, leading: Array<Any?> = NOTHING): Any? {
        val method = methods[call.name] ?: throw NoSuchMethod("No such method: $prefix${escaped(call.name, SHOWN)}")
        return method.invoke(target, call, leading)
    }

    val names: Set<String> get() = methods.keys

    companion object {
        private val NOTHING = arrayOfNulls<Any?>(0)
        private const val SHOWN = 100

        fun of(type: Class<*>, kind: MethodKind): MethodTable = kind.table(type)

        fun build(type: Class<*>, kind: MethodKind): MethodTable {
            val methods = HashMap<String, BoundMethod>()
            for (method in candidates(type)) {
                val name = kind.nameOf(method) ?: continue
                val known = methods[name]
                if (known == null) {
                    methods[name] = BoundMethod(method, if (kind == MethodKind.VIEW) 1 else 0)
                } else {
                    require(known.overrides(method)) {
                        "${type.name} has two methods for ${kind.prefix}$name: give one of them another name"
                    }
                }
            }
            return MethodTable(kind.prefix, methods)
        }

        /** All methods of [contract], by their annotation or their own name. */
        fun ofContract(contract: Class<*>): MethodTable {
            require(contract.isInterface) { "${contract.name} is no interface" }
            val methods = HashMap<String, BoundMethod>()
            for (method in contract.methods.filterNot { Modifier.isStatic(it.modifiers) || it.isBridge }) {
                val name = contractName(method)
                require(methods.put(name, BoundMethod(method, 0)) == null) { "${contract.name} has two methods for $name" }
            }
            return MethodTable(MethodKind.REMOTE.prefix, methods)
        }

        /** The name on the wire of a method of a contract. */
        fun contractName(method: Method): String = MethodKind.REMOTE.nameOf(method) ?: method.name

        /** The most derived first. */
        private fun candidates(type: Class<*>): Sequence<Method> {
            val classes = generateSequence<Class<*>>(type) { it.superclass }.toList()
            val interfaces = LinkedHashSet<Class<*>>()

            fun collect(one: Class<*>) {
                for (above in one.interfaces) if (interfaces.add(above)) collect(above)
            }
            classes.forEach(::collect)
            val methods = (classes + interfaces).asSequence().flatMap { it.declaredMethods.asSequence() }
            return methods.filterNot { it.isBridge || it.isSynthetic }
        }
    }
}
