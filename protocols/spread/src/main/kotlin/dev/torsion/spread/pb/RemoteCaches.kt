// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.spread.jelly.RemoteCopy

/**
 * A copy of a peer's [Cacheable] that is kept up to date: the original calls its methods with [Observe]; Twisted's `RemoteCache`.
 * [TypeRegistry.Builder.remoteCopy][dev.torsion.spread.jelly.TypeRegistry.Builder.remoteCopy] says which class is for which type.
 *
 * There is one copy of it on a connection, even if the original is sent several times. When the copy is sent back, it arrives as the
 * original. The other side tells of changes until [close] is called or the connection ends. The garbage collector does not let a copy go,
 * since the next message may need it.
 *
 * Thread: the reactor's, except for [close].
 */
public abstract class RemoteCache :
    RemoteCopy,
    AutoCloseable {
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var broker: Broker? = null

    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var id = 0L

    /** How often it came and was not given back. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var received = 0

    /** The original tells of a change. The default finds the method with [Observe]. */
    @Throws(Exception::class)
    public open fun observeMessageReceived(call: RemoteCall): Any? = MethodTable.of(javaClass, MethodKind.OBSERVE).invoke(this, call)

    /** Tells the other side that this copy is not needed: it is kept up to date no more, unless it comes again. On any thread. */
    override fun close() {
        broker?.run { loop.execute(::giveBackAll) }
    }

    private fun giveBackAll() {
        val times = received
        received = 0
        broker?.sendDecache(id, times)
    }

    /** One of the times that it came was for nobody. */
    @JvmSynthetic
    internal fun giveBackOne() {
        if (received == 0) return // closed meanwhile
        received--
        broker?.sendDecache(id, 1)
    }
}

/**
 * The way from a [Cacheable] to the copy on one connection; Twisted's `RemoteCacheObserver`. Two are equal when they lead to the same copy.
 *
 * Thread: the reactor's.
 */
public class RemoteCacheObserver internal constructor(
    private val broker: Broker,
    private val cacheable: Cacheable,
    /** The avatar of the user who has the copy, or null. */
    @get:JvmName("perspective") public val perspective: Any?,
) {
    /** Calls the method [name] of the copy; fails as a call of a [RemoteReference]. */
    public fun callRemote(name: String, vararg args: Any?): Deferred<Any?> =
        broker.callCache(cacheable, perspective, name, args.asList(), emptyMap())

    /** The same without an answer: as a rule the original need not know. */
    public fun send(name: String, vararg args: Any?): Unit = broker.sendToCache(cacheable, perspective, name, args.asList())

    override fun equals(other: Any?): Boolean =
        other is RemoteCacheObserver && broker === other.broker && cacheable === other.cacheable && perspective === other.perspective

    override fun hashCode(): Int = System.identityHashCode(broker) xor System.identityHashCode(cacheable)

    override fun toString(): String = "RemoteCacheObserver(${cacheable.javaClass.name}, $broker)"
}
