// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.spread.jelly.Copyable

/**
 * An object that stays here when it is sent: the other side gets a [RemoteReference] to it; Twisted's `Referenceable`.
 *
 * The peer can call its methods with [Remote]. They run on the reactor's thread. Their parameters may be of any type that [a
 * value][dev.torsion.spread.jelly.Jelly] fits: any type of number that can hold the value, `byte[]` or `Bytes`, `List<Integer>` and so on,
 * [RemoteReference], `Object`; or one [RemoteCall], which has everything. Arguments that are given by name find the parameter of that name
 * (compile with `-parameters`, or see [Arg]). The result may be nothing, any value that can be sent, or a `Deferred` or a `CompletionStage`
 * of one; or a [Pager], which begins then. The method may be a suspend function, which runs in the connection's scope. The caller gets an
 * exception of the method as a `RemoteError`.
 *
 * [RemoteMethods] makes one without a class. Thread: the reactor's.
 */
public interface Referenceable {
    /** A call has come. The default finds the method with [Remote]; override it to do otherwise. */
    @Throws(Exception::class)
    public fun remoteMessageReceived(call: RemoteCall): Any? = MethodTable.of(javaClass, MethodKind.REMOTE).invoke(this, call)
}

/** Gives the first object of each connection; Twisted's `IPBRoot`. */
public fun interface RootSource {
    /** The root object for the peer of [broker]. Thread: the reactor's. */
    public fun rootObject(broker: Broker): Referenceable
}

/** The first object of a server, which every peer gets; Twisted's `Root`. */
public interface Root :
    Referenceable,
    RootSource {
    /** This object itself. */
    override fun rootObject(broker: Broker): Referenceable = this
}

/**
 * A user acts through it once logged in; Twisted's `Avatar` and `IPerspective`. The user's side has a [RemoteReference]. Its calls find the
 * methods with [Perspective].
 *
 * Thread: the reactor's.
 */
public interface Avatar {
    /** A call of the user has come. The default finds the method with [Perspective]. */
    @Throws(Exception::class)
    public fun perspectiveMessageReceived(call: RemoteCall): Any? = MethodTable.of(javaClass, MethodKind.PERSPECTIVE).invoke(this, call)
}

/**
 * An object that stays here when it is sent, and learns at each call who calls: the first parameter of its methods with [View] is the
 * avatar through which the caller has got it; Twisted's `Viewable`.
 *
 * Thread: the reactor's.
 */
public interface Viewable {
    /** A call has come, of [RemoteCall.perspective]. The default finds the method with [View]. */
    @Throws(Exception::class)
    public fun viewMessageReceived(call: RemoteCall): Any? =
        MethodTable.of(javaClass, MethodKind.VIEW).invoke(this, call, arrayOf(call.perspective))
}

/**
 * A [viewable] as the avatar [perspective] sees it; Twisted's `ViewPoint`. It is sent for a [Viewable]. Make one by hand to send an object
 * for another avatar.
 *
 * @property perspective the avatar that the methods of the object get; null for an object that was sent without one
 * @property viewable the object whose methods are called
 */
public class ViewPoint(public val perspective: Any?, public val viewable: Viewable)

/**
 * An object of which the other side keeps an up-to-date copy; Twisted's `Cacheable`. The other side gets the state once, and then the
 * changes, through its observer. The copy is a [RemoteCache].
 *
 * ```kotlin
 * class Pond : Cacheable {
 *     private val observers = ArrayList<RemoteCacheObserver>()
 *     override fun typeToCopyFor(perspective: Any?) = "ponds.Pond"
 *     override fun stateToCacheAndObserveFor(perspective: Any?, observer: RemoteCacheObserver): Any? {
 *         observers += observer
 *         return mapOf("frogs" to frogs)
 *     }
 *     override fun stoppedObserving(perspective: Any?, observer: RemoteCacheObserver) { observers -= observer }
 *     fun jump() = observers.forEach { it.send("jumped", --frogs) }
 * }
 * ```
 *
 * Thread: the reactor's.
 */
public interface Cacheable : Copyable {
    override fun stateToCopyFor(perspective: Any?): Any? = throw UnsupportedOperationException("a Cacheable is sent with an observer")

    /** The state, and from now on changes go to [observer]: nothing is missed between the two. */
    public fun stateToCacheAndObserveFor(perspective: Any?, observer: RemoteCacheObserver): Any?

    /** The other side has dropped its copy, or is gone. [observer] is equal to the one that was given. */
    public fun stoppedObserving(perspective: Any?, observer: RemoteCacheObserver)
}
