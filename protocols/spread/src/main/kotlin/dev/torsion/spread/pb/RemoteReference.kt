// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.futureOnLoop
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.escaped
import java.lang.ref.Cleaner
import java.lang.reflect.ParameterizedType
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicBoolean
import java.util.function.Consumer

/**
 * An object of the other side; Twisted's `RemoteReference`. Its methods are called by name, and answer later.
 *
 * ```java
 * root.call("add", 1, 2).thenAccept(System.out::println); // on any thread
 * Calculator calculator = root.proxy(Calculator.class);   // or by an interface
 * ```
 * ```kotlin
 * root.callRemote("add", 1, 2).addCallback(::println)     // a Deferred
 * println(root.ask<Int>("add", 1, 2))                     // in a coroutine
 * ```
 *
 * A call fails with a [RemoteError] when the method fails, with [PBConnectionLost] when the connection ends before the answer comes, and
 * with [DeadReferenceException] when it had ended before. It fails with an
 * [UnsendableValueException][dev.torsion.spread.banana.UnsendableValueException] when an argument cannot be sent: then nothing was sent.
 * Cancelling gives up the answer. The protocol has no message for that, so the other side does its work all the same.
 *
 * The other side keeps its object until [close] is called, the connection ends, or the garbage collector finds that no reference to it is
 * in use. Two references to the same object are equal.
 *
 * Thread: the reactor's, where others get a [WrongThreadException][dev.torsion.net.WrongThreadException]; except for [call], [callWith],
 * [send], [ask], [close], [proxy] and `toString`, which may be called on any.
 */
public class RemoteReference internal constructor(
    @get:JvmSynthetic
    internal val perspective: Any?,
    /** The connection that it belongs to. */
    @get:JvmName("broker") public val broker: Broker,
    @get:JvmSynthetic
    internal val id: BananaElement,
) : AutoCloseable {
    private val release = if (id is BananaInteger) Release(broker, id) else null
    private val backstop = release?.let { cleaner.register(this, it) }
    private val listeners = ArrayDeque<Consumer<RemoteReference>>()

    /** Whether [close] was called. */
    @get:JvmSynthetic
    internal val isClosed: Boolean get() = release?.isReleased == true

    /**
     * Calls the method [name] with [args]; Twisted's `callRemote`. The Deferred has the result of the method, in the types that
     * [Jelly][dev.torsion.spread.jelly.Jelly] lists.
     */
    public fun callRemote(name: String, vararg args: Any?): Deferred<Any?> = callRemoteWith(name, args.asList(), emptyMap())

    /** [callRemote] with some arguments by their names. */
    public fun callRemoteWith(name: String, args: List<Any?>, kwargs: Map<String, Any?>): Deferred<Any?> {
        checkThread()
        return begin(name, args, kwargs).deferred
    }

    /** Calls the method [name] and wants no answer, not even an error; Twisted's `pbanswer=False`. On any thread. */
    public fun send(name: String, vararg args: Any?) {
        broker.loop.execute { broker.sendOnly(this, name, args.asList(), emptyMap()) }
    }

    /** [callRemote] as a future, on any thread. Cancelling it, or any stage of it, gives up the answer. */
    public fun call(name: String, vararg args: Any?): CompletableFuture<Any?> = callWith(name, args.asList(), emptyMap())

    /** [call] for an answer that is to be a [type]: any number that fits, `byte[]`, an interface of a remote object, and so on. */
    public fun <T : Any> call(type: Class<T>, name: String, vararg args: Any?): CompletableFuture<T> =
        futureOf(name, args.asList()) { value ->
            @Suppress("UNCHECKED_CAST")
            Answers.convert(name, value, type) as T
        }

    /** [call] with some arguments by their names. Do not change the collections afterwards: the reactor's thread reads them. */
    public fun callWith(name: String, args: List<Any?>, kwargs: Map<String, Any?>): CompletableFuture<Any?> =
        broker.loop.futureOnLoop { begin(name, args, kwargs).deferred }

    /** [callRemote] for coroutines, on any dispatcher. A call that is cancelled gives up the answer. */
    @JvmSynthetic
    public suspend fun askWith(name: String, args: List<Any?>, kwargs: Map<String, Any?>): Any? =
        broker.loop.awaitOnLoop { begin(name, args, kwargs).deferred }

    // The same with an answer that is converted before it is handed over: one that does not fit is given back.

    @JvmSynthetic
    internal fun <T> deferredOf(name: String, args: List<Any?>, convert: (Any?) -> T): Deferred<T> {
        checkThread()
        return begin(name, args, emptyMap()).converted(convert)
    }

    @JvmSynthetic
    internal fun <T> futureOf(name: String, args: List<Any?>, convert: (Any?) -> T): CompletableFuture<T> =
        broker.loop.futureOnLoop { begin(name, args, emptyMap()).converted(convert) }

    /** For [ask] alone. */
    @PublishedApi
    @JvmSynthetic
    internal suspend fun <T> valueOf(name: String, args: List<Any?>, convert: (Any?) -> T): T =
        broker.loop.awaitOnLoop { begin(name, args, emptyMap()).converted(convert) }

    /**
     * A proxy of [contract], each of whose methods calls the one of its name, or of its [Remote]'s; see [RemoteProxies] for their results.
     */
    public fun <T : Any> proxy(contract: Class<T>): T = RemoteProxies.make(this, contract)

    /** Calls [listener] with this reference when the connection ends: at once when it has ended. Twisted's `notifyOnDisconnect`. */
    public fun notifyOnDisconnect(listener: Consumer<RemoteReference>) {
        if (broker.isDisconnected) return listener.accept(this)
        if (listeners.isEmpty()) broker.notifyOnDisconnect(disconnected)
        listeners.add(listener)
    }

    /** Takes back one [notifyOnDisconnect]. */
    public fun dontNotifyOnDisconnect(listener: Consumer<RemoteReference>) {
        if (listeners.remove(listener) && listeners.isEmpty()) broker.dontNotifyOnDisconnect(disconnected)
    }

    private val disconnected =
        Runnable {
            while (listeners.isNotEmpty()) { // one may take another back
                val listener = listeners.removeFirst()
                broker.guarded("a listener of the disconnection") { listener.accept(this) }
            }
        }

    /**
     * Tells the other side that this reference is not needed any more. Calls that wait for answers go on; new ones are refused. Does
     * nothing for the root object, and when called again. On any thread.
     */
    override fun close() {
        backstop?.clean()
    }

    private fun checkThread() = broker.checkThread("callRemote", "call, send and ask")

    @JvmSynthetic
    internal fun begin(name: String, args: List<Any?>, kwargs: Map<String, Any?>): OutgoingCall = broker.call(this, name, args, kwargs)

    override fun equals(other: Any?): Boolean = other is RemoteReference && broker === other.broker && id == other.id

    override fun hashCode(): Int = id.hashCode()

    override fun toString(): String = "RemoteReference(${if (id is Bytes) escaped(id) else id}${if (isClosed) ", closed" else ""})"

    /** The work that is left once the reference itself is gone, so it must not know that. */
    private class Release(private val broker: Broker, private val id: BananaInteger) : Runnable {
        private val done = AtomicBoolean()

        val isReleased get() = done.get()

        override fun run() {
            if (done.compareAndSet(false, true)) broker.loop.execute { broker.sendDecref(id) }
        }
    }

    private companion object {
        val cleaner: Cleaner = Cleaner.create()
    }
}

/** [RemoteReference.askWith] for arguments by position and an answer of type [T]: `root.ask<Int>("add", 1, 2)`. */
@JvmSynthetic
public suspend inline fun <reified T> RemoteReference.ask(name: String, vararg args: Any?): T {
    val answer = object : Answer<T>(name) {}
    return valueOf(name, args.asList()) { value -> (if (value == null && null is T) null else answer.convert(value)) as T }
}

/** [RemoteReference.proxy] for Kotlin: `root.remote<Calculator>()`. */
@JvmSynthetic
public inline fun <reified T : Any> RemoteReference.remote(): T = proxy(T::class.java)

/** The answer of the method [name], whose type with its arguments is that of the subclass: for `ask` alone. */
@PublishedApi
internal abstract class Answer<T>(private val name: String) {
    fun convert(value: Any?): Any? {
        val type = (javaClass.genericSuperclass as ParameterizedType).actualTypeArguments[0]
        return if (type == Unit::class.java) Unit else Answers.convert(name, value, type)
    }
}
