// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.inlineCallbacks
import dev.torsion.log.escaped

/**
 * Makes a [Referenceable] of functions, one for each name.
 *
 * ```java
 * Root root = RemoteMethods.create().on("add", call -> call.arg(0, int.class) + call.arg(1, int.class)).root();
 * ```
 *
 * Not thread-safe; thread of the functions: the reactor's.
 */
public class RemoteMethods private constructor() {
    /** Answers one call. */
    public fun interface Handler {
        /** The answer to [call], of any kind that a method of a [Referenceable] may give. */
        @Throws(Exception::class)
        public fun handle(call: RemoteCall): Any?
    }

    private val handlers = HashMap<String, Handler>()

    /** Calls of [name] are for [handler]. @throws IllegalArgumentException when they are for another already */
    public fun on(name: String, handler: Handler): RemoteMethods = apply {
        require(handlers.putIfAbsent(name, handler) == null) { "there are two methods called $name" }
    }

    /** [on] for a suspend function, which runs in the connection's scope. */
    @JvmSynthetic
    public fun onSuspend(name: String, handler: suspend (RemoteCall) -> Any?): RemoteMethods =
        on(name) { call -> inlineCallbacks(call.broker.coroutineContext) { handler(call).takeIf { it !== Unit } } }

    /** An object with all functions so far. */
    public fun referenceable(): Referenceable = Functions(HashMap(handlers))

    /** A root object with all functions so far. */
    public fun root(): Root = RootFunctions(HashMap(handlers))

    private open class Functions(private val handlers: Map<String, Handler>) : Referenceable {
        override fun remoteMessageReceived(call: RemoteCall): Any? {
            val handler = handlers[call.name] ?: throw NoSuchMethod("No such method: remote_${escaped(call.name, SHOWN)}")
            return handler.handle(call)
        }

        override fun toString() = "RemoteMethods(${handlers.keys})"
    }

    private class RootFunctions(handlers: Map<String, Handler>) :
        Functions(handlers),
        Root

    private class Contract(private val table: MethodTable, private val target: Any) : Root {
        override fun remoteMessageReceived(call: RemoteCall): Any? = table.invoke(target, call)

        override fun toString() = "RemoteMethods(${table.names})"
    }

    public companion object {
        private const val SHOWN = 100

        /** None yet. */
        @JvmStatic
        public fun create(): RemoteMethods = RemoteMethods()

        /**
         * The methods of the interface [contract], and no others, of [target]. The typed proxy of the other side calls them. Their names
         * are those of [Remote], or their own.
         */
        @JvmStatic
        public fun <T : Any> of(contract: Class<T>, target: T): Root = Contract(MethodTable.ofContract(contract), target)
    }
}
