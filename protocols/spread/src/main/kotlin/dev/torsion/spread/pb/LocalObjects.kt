// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

/** An object that the other side may call: one of our objects, in one of its roles. */
internal sealed interface CallTarget {
    /** The perspective that the other side's references in the arguments belong to, and that gets the answer. */
    val perspective: Any? get() = null

    /** The object that our own code gets when the other side sends it back. */
    val original: Any

    fun received(call: RemoteCall): Any?
}

internal class ReferenceTarget(override val original: Referenceable) : CallTarget {
    override fun received(call: RemoteCall) = original.remoteMessageReceived(call)
}

internal class ViewTarget(override val original: ViewPoint) : CallTarget {
    override val perspective get() = original.perspective

    override fun received(call: RemoteCall) = original.viewable.viewMessageReceived(call)
}

internal class AvatarTarget(override val original: Avatar) : CallTarget {
    override val perspective get() = original

    override fun received(call: RemoteCall) = original.perspectiveMessageReceived(call)
}

/** The same objects, as often as they are asked about. */
internal class Identity(private val one: Any?, private val two: Any? = null) {
    override fun equals(other: Any?) = other is Identity && one === other.one && two === other.two

    override fun hashCode() = System.identityHashCode(one) * 31 + System.identityHashCode(two)
}

/** Our objects that the other side has, each with the count of how often it was sent and not yet given back. */
internal class LocalObjects<T>(
    private val limit: Int,
    private val what: String,
    private val newId: () -> Long,
    private val onViolation: (count: Int) -> Unit,
) {
    class Local<T>(val id: Long, val key: Identity, val value: T) {
        var count = 1L
        val cleanups = ArrayList<() -> Unit>()
    }

    private val byId = HashMap<Long, Local<T>>()
    private val byKey = HashMap<Identity, Local<T>>()
    private var violations = 0

    val size get() = byId.size

    operator fun get(id: Long): Local<T>? = byId[id]

    fun find(key: Identity): Local<T>? = byKey[key]

    /** Counts one more sending of the object. @throws PBError when there are too many */
    inline fun export(key: Identity, make: () -> T): Local<T> {
        byKey[key]?.let {
            it.count++
            return it
        }
        if (byId.size >= limit) tooMany()
        return add(key, make())
    }

    fun add(key: Identity, value: T): Local<T> {
        val local = Local(newId(), key, value)
        byId[local.id] = local
        byKey[key] = local
        return local
    }

    fun tooMany(): Nothing {
        onViolation(++violations)
        throw PBError("Maximum PB $what count exceeded.")
    }

    /** Counts one less; gives the object when that was the last, and then it is not here any more. */
    fun release(local: Local<T>): Local<T>? {
        if (--local.count > 0) return null
        byId.remove(local.id)
        byKey.remove(local.key)
        return local
    }

    /** All of them, which are not here any more. */
    fun clear(): List<Local<T>> = byId.values.toList().also {
        byId.clear()
        byKey.clear()
    }
}
