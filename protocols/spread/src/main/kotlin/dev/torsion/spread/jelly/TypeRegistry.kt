// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

import dev.torsion.spread.banana.Bytes
import java.util.function.Function
import java.util.function.Supplier

/**
 * The types that may come from a peer, and the object that is made of each; Twisted's `setUnjellyableForClass` and its siblings. A name
 * that is not in this table is refused, and no class is ever looked up by a name from the wire.
 *
 * ```java
 * var types = TypeRegistry.builder().remoteCopy("ponds.Pond", RemotePond::new).record("shapes.Point", Point.class).build();
 * ```
 *
 * Immutable; thread: any.
 */
public class TypeRegistry private constructor(
    private val incoming: Map<Bytes, Maker>,
    private val outgoing: Map<Class<*>, Copier<*>>,
    private val errors: Map<String, Function<RemoteFailure, out Throwable>>,
    private val errorNames: Map<Class<*>, String>,
) {
    internal sealed interface Maker

    /** An instance first, which then takes its state: it may be met inside of that. */
    internal class Instance(val make: Supplier<out RemoteCopy>) : Maker

    /** The state first. */
    internal class FromState(val make: Function<Any?, *>) : Maker

    internal class Copier<T>(val type: String, val state: Function<in T, *>)

    @JvmSynthetic
    internal fun maker(type: Bytes): Maker? = incoming[type]

    /** How an object of [type], or of the nearest of its superclasses, is copied. */
    @JvmSynthetic
    internal fun copier(type: Class<*>): Copier<*>? {
        if (outgoing.isEmpty()) return null
        return generateSequence<Class<*>>(type) { it.superclass }.firstNotNullOfOrNull { outgoing[it] }
    }

    /** The exception for a failure of the peer; null when its type has none here. */
    @JvmSynthetic
    internal fun exception(failure: RemoteFailure): Throwable? =
        (listOf(failure.type) + failure.parents).firstNotNullOfOrNull { errors[it] }?.apply(failure)

    /** The name on the wire of exceptions of exactly this [type]. */
    @JvmSynthetic
    internal fun errorName(type: Class<*>): String? = errorNames[type]

    /** A builder that begins with the types of this registry. */
    public fun toBuilder(): Builder = Builder(HashMap(incoming), HashMap(outgoing), HashMap(errors), HashMap(errorNames))

    /** Puts a [TypeRegistry] together. Not thread-safe. */
    public class Builder internal constructor(
        private val incoming: MutableMap<Bytes, Maker>,
        private val outgoing: MutableMap<Class<*>, Copier<*>>,
        private val errors: MutableMap<String, Function<RemoteFailure, out Throwable>>,
        private val errorNames: MutableMap<Class<*>, String>,
    ) {
        /** Values of [type] become what [make] gives, which then takes the state; Twisted's `setUnjellyableForClass`. */
        public fun remoteCopy(type: String, make: Supplier<out RemoteCopy>): Builder = apply { register(type, Instance(make)) }

        /**
         * Values of [type] become what [make] gives for the state; Twisted's `setUnjellyableFactoryForClass`. They cannot hold themselves.
         */
        public fun remoteCopy(type: String, make: Function<Any?, *>): Builder = apply { register(type, FromState(make)) }

        /** Objects of [source], and of its subclasses, are sent as [type] with what [state] gives of them: they need not be [Copyable]. */
        public fun <T : Any> copier(source: Class<T>, type: String, state: Function<in T, *>): Builder =
            apply { outgoing[source] = Copier(type, state) }

        /** The record [source] goes out as [type] and comes in from it: a map with its components by their names. */
        public fun <T : Record> record(type: String, source: Class<T>): Builder {
            val form = RecordForm(source)
            return copier(source, type, form::state).remoteCopy(type, Function(form::make))
        }

        /**
         * An error of a peer whose type, or the nearest of its parents, is [type] becomes what [make] gives; without, it is a
         * `RemoteError`. Our own exceptions of class [source] go out under that name.
         */
        public fun <T : Throwable> exception(type: String, source: Class<T>, make: Function<RemoteFailure, T>): Builder = apply {
            errors[type] = make
            errorNames[source] = type
        }

        /** The registry. */
        public fun build(): TypeRegistry = TypeRegistry(HashMap(incoming), HashMap(outgoing), HashMap(errors), HashMap(errorNames))

        private fun register(type: String, maker: Maker) {
            require(type.isNotEmpty() && type !in RESERVED) { "\"$type\" means something to Jelly itself" }
            val tag = Bytes.utf8(type)
            require(tag !in incoming) { "type \"$type\" is registered already" }
            incoming[tag] = maker
        }
    }

    public companion object {
        /** No types: numbers, text, bytes, collections, dates and times need none. */
        @JvmField
        public val EMPTY: TypeRegistry = TypeRegistry(emptyMap(), emptyMap(), emptyMap(), emptyMap())

        /** A builder of an empty one. */
        @JvmStatic
        public fun builder(): Builder = EMPTY.toBuilder()

        private val RESERVED: Set<String> = Tags.ALL
    }
}

/**
 * An error of the other side.
 *
 * @property type the full name of its type there, such as `builtins.ValueError`
 * @property value its text
 * @property parents the names of its type and of the types above that, the nearest first
 * @property traceback where it was raised, or a line which says that this is not told
 */
public class RemoteFailure internal constructor(
    public val type: String,
    public val value: String,
    public val parents: List<String>,
    public val traceback: String,
) {
    override fun toString(): String = "RemoteFailure($type)"
}
