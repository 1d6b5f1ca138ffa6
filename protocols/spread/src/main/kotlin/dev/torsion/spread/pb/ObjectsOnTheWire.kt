// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Failure
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.UnsendableValueException
import dev.torsion.spread.jelly.Copyable
import dev.torsion.spread.jelly.Jellier
import dev.torsion.spread.jelly.ObjectJelly
import dev.torsion.spread.jelly.Tags
import dev.torsion.spread.jelly.TypeRegistry
import dev.torsion.spread.jelly.Unjellier

/** Our [Cacheable] of which the other side has a copy, as [perspective] sees it. */
internal class CachedObject(val cacheable: Cacheable, val perspective: Any?) {
    fun stopped(broker: Broker) = cacheable.stoppedObserving(perspective, RemoteCacheObserver(broker, cacheable, perspective))
}

/** The values of one message that goes out. */
internal class Outgoing(private val broker: Broker, override val perspective: Any?) : ObjectJelly {
    private val sent = ArrayList<LocalObjects.Local<CallTarget>>()
    private val cached = ArrayList<LocalObjects.Local<CachedObject>>()
    private val logins = ArrayList<PBLogin>()

    fun jelly(value: Any?): BananaElement = Jellier(broker.options.types, broker.options.limits, this).run(value)

    /** The message does not go out: none of its objects was sent. */
    fun takeBack() {
        sent.forEach { broker.locals.release(it) }
        logins.forEach { broker.guarded("the end of a login", it::loggedOut) }
        cached.forEach { local ->
            broker.cached.release(local)?.let { broker.guarded("stoppedObserving") { it.value.stopped(broker) } }
        }
    }

    override fun jelly(value: Any, jellier: Jellier): BananaElement? {
        RemoteProxies.behind(value)?.let { return reference(it) } // whatever its interface extends
        return when (value) {
            is RemoteReference -> reference(value)
            is RemoteCache -> cache(value)
            is Cacheable -> cacheable(value, jellier)
            is Copyable -> null
            is PBLogin -> login(value, jellier)
            is ViewPoint -> remote(Identity(value.perspective, value.viewable), { ViewTarget(value) })
            is Viewable -> ViewPoint(perspective, value).let { remote(Identity(perspective, value), { ViewTarget(it) }) }
            is Referenceable -> remote(Identity(value), { ReferenceTarget(value) })
            is Failure -> failure(value.value, jellier)
            is Throwable -> failure(value, jellier)
            else -> null
        }
    }

    private fun remote(key: Identity, make: () -> CallTarget): BananaElement {
        val local = broker.locals.export(key, make)
        sent.add(local)
        return BananaList.of(Tags.REMOTE, BananaInteger.of(local.id))
    }

    /** An avatar that can be sent by itself is sent so. Any other is sent as an object whose `perspective_` methods are called. */
    private fun login(login: PBLogin, jellier: Jellier): BananaElement {
        logins.add(login)
        val avatar = login.avatar
        val isSentAsItIs = avatar is Referenceable || avatar is Viewable
        val element = if (isSentAsItIs) jellier.jelly(avatar) else remote(Identity(avatar), { AvatarTarget(avatar) })
        sent.last().cleanups.add(login::loggedOut)
        return element
    }

    private fun reference(reference: RemoteReference): BananaElement {
        if (reference.broker !== broker) refuse("a reference means nothing on another connection than its own")
        if (reference.isClosed) refuse("a reference in it was closed")
        return BananaList.of(Tags.LOCAL, reference.id)
    }

    private fun cache(cache: RemoteCache): BananaElement {
        if (cache.broker !== broker) refuse("a copy of ${cache.javaClass.name} means nothing on another connection than its own")
        return BananaList.of(Tags.LCACHE, BananaInteger.of(cache.id))
    }

    private fun cacheable(value: Cacheable, jellier: Jellier): BananaElement {
        jellier.dereference(value)?.let { return it }
        val key = Identity(value)
        broker.cached.find(key)?.let { known ->
            known.count++
            cached.add(known)
            return BananaList.of(Tags.CACHED, BananaInteger.of(known.id))
        }
        val local = broker.cached.export(key) { CachedObject(value, perspective) }
        cached.add(local)
        return jellier.copy(value, value.typeToCopyFor(perspective), BananaInteger.of(local.id)) {
            value.stateToCacheAndObserveFor(perspective, RemoteCacheObserver(broker, value, perspective))
        }
    }

    private fun failure(error: Throwable, jellier: Jellier): BananaElement =
        jellier.dereference(error) ?: jellier.copy(error, RemoteFailures.TYPE) { RemoteFailures.state(error, broker.options) }

    private fun refuse(why: String): Nothing = throw UnsendableValueException("The value cannot be sent: $why.")
}

/** The values of one message that has come. */
internal class IncomingObjects(private val broker: Broker, override val perspective: Any?) : ObjectJelly {
    // An object that came from the other side: it counts each, and each is to be given back once.
    private val references = ArrayList<RemoteReference>()
    private val caches = ArrayList<RemoteCache>()

    /** About how much memory the values take. */
    var size = 0L
        private set

    /** Whether nothing is to be given back. */
    val isEmpty: Boolean get() = references.isEmpty() && caches.isEmpty()

    /** @throws ProtocolViolationException when it means nothing. Whatever is thrown, what is the other side's is given back */
    fun unjelly(element: BananaElement): Any? = try {
        val unjellier = Unjellier(broker.options.types, broker.options.limits, this)
        unjellier.run(element).also { size += unjellier.size }
    } catch (e: Throwable) {
        giveBack()
        throw e
    }

    /** Nobody takes the values: what is the other side's goes back, once. */
    fun giveBack() {
        references.forEach(RemoteReference::close)
        references.clear()
        caches.forEach(RemoteCache::giveBackOne)
        caches.clear()
    }

    override fun unjelly(tag: Bytes, list: BananaList, unjellier: Unjellier, register: (Any) -> Unit): Any? = when (tag) {
        Tags.REMOTE -> RemoteReference(perspective, broker, integer(list)).also(references::add).also(register)
        Tags.LOCAL -> local(list).also(register)
        Tags.LCACHE -> known(broker.cached[integer(list).toLong()]).value.cacheable.also(register)
        Tags.CACHED -> received(known(broker.caches[integer(list).toLong()])).also(register)
        RemoteFailures.TAG -> failure(list, unjellier)
        else -> if (list.size == CACHE_PARTS) cache(tag, list, unjellier, register) else ObjectJelly.NONE
    }

    private fun local(list: BananaList): Any {
        val id = list.elements.getOrNull(1)
        if (list.size != 2) malformed()
        return when (id) {
            is BananaInteger -> known(broker.locals[if (id.isLong) id.toLong() else 0]).value.original
            is Bytes -> known(broker.named[id]).original
            else -> malformed()
        }
    }

    private fun failure(list: BananaList, unjellier: Unjellier): Any {
        if (list.size != 2) malformed()
        val state = unjellier.unjelly(list[1])
        return unjellier.guarded("A failure") { RemoteError(RemoteFailures.read(state)) }
    }

    private fun cache(tag: Bytes, list: BananaList, unjellier: Unjellier, register: (Any) -> Unit): Any? {
        val maker = broker.options.types.maker(tag) as? TypeRegistry.Instance ?: return ObjectJelly.NONE
        val id = (list[1] as? BananaInteger)?.takeIf { it.isLong }?.toLong() ?: malformed()
        if (id in broker.caches) throw ProtocolViolationException("Two objects to cache have the number $id.")
        if (broker.caches.size >= broker.options.maxReferences) {
            throw ProtocolViolationException("The peer has us cache more than ${broker.options.maxReferences} objects, the limit.")
        }
        val cache = unjellier.guarded("A cache") { maker.make.get() } as? RemoteCache ?: return ObjectJelly.NONE
        cache.broker = broker
        cache.id = id
        broker.caches[id] = received(cache)
        register(cache)
        val state = unjellier.unjelly(list[2])
        unjellier.guarded(cache.javaClass.name) { cache.setCopyableState(state) }
        unjellier.finishLater(cache)
        return cache
    }

    private fun received(cache: RemoteCache): RemoteCache {
        cache.received++
        caches.add(cache)
        return cache
    }

    private fun integer(list: BananaList): BananaInteger {
        val number = list.elements.getOrNull(1) as? BananaInteger
        if (list.size != 2 || number == null || !number.isLong) malformed()
        return number
    }

    private fun <T : Any> known(value: T?): T =
        value ?: throw ProtocolViolationException("The object is not, or no longer, known on this connection.")

    private fun malformed(): Nothing = throw ProtocolViolationException("An object has no number.")

    private companion object {
        const val CACHE_PARTS = 3
    }
}
