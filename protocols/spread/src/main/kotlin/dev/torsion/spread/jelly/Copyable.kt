// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.jelly

/**
 * An object that is copied when it is sent; Twisted's `Copyable`. The peer makes a [RemoteCopy] of it, or another object, as its registry
 * says for the [type][typeToCopyFor].
 *
 * ```java
 * record Pond(int frogs, int ducks) implements Copyable {
 *   @Override
 *   public Object stateToCopyFor(Object perspective) {
 *     return Map.of("frogs", frogs, "ducks", ducks);
 *   }
 * }
 * ```
 *
 * [TypeRegistry.Builder.copier] copies objects of a class that does not implement this. Thread: the reactor's.
 */
public interface Copyable {
    /** The name of its type on the wire; the name of its class unless overridden. [perspective] is the avatar that it goes to, or null. */
    public fun typeToCopyFor(perspective: Any?): String = javaClass.name

    /**
     * The state that is sent: any value that can be sent, as a rule a map with names as keys. [perspective] is the avatar that it goes to,
     * or null.
     */
    public fun stateToCopyFor(perspective: Any?): Any?
}

/**
 * A copy of a peer's [Copyable]; Twisted's `RemoteCopy`. [TypeRegistry.Builder.remoteCopy] says which class is for which type.
 *
 * Thread: the reactor's.
 */
public interface RemoteCopy {
    /**
     * Takes the state that came, as a rule a map with names as keys. An exception refuses the value.
     *
     * A peer's object may hold itself, so parts of [state] may be incomplete during this call.
     */
    @Throws(Exception::class)
    public fun setCopyableState(state: Any?)

    /** All of the value that this is a part of is there; Twisted's `postUnjelly`. */
    @Throws(Exception::class)
    public fun postUnjelly() {}
}
