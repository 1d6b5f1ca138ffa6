// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.ScopeExecutor
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.safeString
import dev.torsion.net.CloseReason
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.WrongThreadException
import dev.torsion.spread.banana.BananaDecoder
import dev.torsion.spread.banana.BananaDialect
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaEncoder
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.UnsendableValueException
import dev.torsion.spread.banana.escaped
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import java.nio.ByteBuffer
import kotlin.coroutines.CoroutineContext
import kotlin.time.toKotlinDuration

/*
 * How a connection begins (S the server, C the client):
 *
 *   state        hears                    and then
 *   -----------  -----------------------  ---------------------------------------------------------------
 *   S waiting    (the connection)         sends the list of dialects
 *   C waiting    a list of dialects       sends the first that it knows, [version, 6]; is ready
 *   S waiting    a dialect that it knows  sends [version, 6]; is ready
 *   ready        [version, 6]             nothing
 *   ready        a message                see BrokerMessages
 *   any          anything else            aborts the connection with the violation
 */

/**
 * One connection of Perspective Broker, which is the same for both sides; Twisted's `Broker`. [PBServerFactory] and [PBClientFactory] make
 * them.
 *
 * When the connection ends, every call that waits fails at once with [PBConnectionLost], listeners are told, and users are logged out. The
 * connection of a peer that breaks the rules is aborted. A peer that calls a method that is not there, or with arguments that do not fit,
 * gets an error.
 *
 * Thread: the reactor's.
 */
public class Broker internal constructor(
    private val isClient: Boolean,
    @get:JvmSynthetic internal val options: PBOptions,
    private val owner: BrokerOwner,
) : Protocol() {
    private val decoder = BananaDecoder(options.limits)
    private val encoder = BananaEncoder(options.limits)
    private var dialect: BananaDialect? = null
    private var handshake: Job? = null
    private var feeding: ByteBuffer? = null // what has come and is being read
    private var lastId = 0L
    private val messages = BrokerMessages(this)
    private val calls = OutgoingCalls(this)
    private val disconnects = ArrayDeque<Runnable>()

    @get:JvmSynthetic
    internal val named = HashMap<Bytes, CallTarget>()

    @get:JvmSynthetic internal val locals = LocalObjects<CallTarget>(options.maxReferences, "reference", ::newId, ::tooManyReferences)

    @get:JvmSynthetic
    internal val cached = LocalObjects<CachedObject>(options.maxReferences, "cache", ::newId, ::tooManyReferences)

    @get:JvmSynthetic internal val caches = HashMap<Long, RemoteCache>()

    /** Runs what belongs to this connection. It knows the thread, so that futures refuse to block that. */
    @get:JvmSynthetic
    internal lateinit var loop: ScopeExecutor
        private set

    @get:JvmSynthetic
    internal val coroutineContext: CoroutineContext get() = transport.scope.coroutineContext

    /** True once both sides have agreed on a dialect, until the connection ends. */
    public val isReady: Boolean get() = dialect != null && !isDisconnected

    /** True once the connection has ended. On any thread. */
    @Volatile
    public var isDisconnected: Boolean = false
        private set

    /** How many of our objects the other side holds. */
    public val localObjectCount: Int get() = locals.size

    /** A reference to the object that the other side has under [name]; whether it has one shows when it is called. */
    public fun remoteForName(name: String): RemoteReference = RemoteReference(null, this, Bytes.utf8(name))

    /** The other side finds [target] under [name]. */
    public fun setNameForLocal(name: String, target: Referenceable) {
        named[Bytes.utf8(name)] = ReferenceTarget(target)
    }

    /** Runs [listener] when the connection ends: at once when it has ended. Twisted's `notifyOnDisconnect`. */
    public fun notifyOnDisconnect(listener: Runnable) {
        if (isDisconnected) listener.run() else disconnects.add(listener)
    }

    /** Takes back one [notifyOnDisconnect]. */
    public fun dontNotifyOnDisconnect(listener: Runnable) {
        disconnects.remove(listener)
    }

    // The connection.

    override fun connectionMade() {
        loop = ScopeExecutor(transport.scope)
        handshake =
            transport.scope.launch {
                delay(options.handshakeTimeout.toKotlinDuration())
                val why = "The peer has not agreed on a dialect within ${readable(options.handshakeTimeout)}."
                transport.abortConnection(ProtocolViolationException(why))
            }
        if (!isClient) send(BananaList(BananaDialect.entries.map { it.wireName }))
    }

    override fun dataReceived(data: ByteArray): Unit = dataReceived(ByteBuffer.wrap(data))

    override fun dataReceived(view: ByteBuffer) {
        feeding = view
        try {
            while (!transport.isDisconnecting) received(decoder.decode(view) ?: break)
        } catch (e: ProtocolViolationException) {
            transport.abortConnection(e)
        } finally {
            feeding = null
        }
        view.position(view.limit()) // what comes after the end is nobody's
    }

    /** Bytes that came in the clear are never taken for encrypted ones (CVE-2011-0411). */
    override fun tlsBegins() {
        if (!decoder.isInsideElement && feeding?.hasRemaining() != true) return
        transport.abortConnection(ProtocolViolationException("Bytes followed in the clear where TLS was to begin."))
    }

    override fun expectsBytes(): Boolean = dialect == null || decoder.isInsideElement

    private fun received(element: BananaElement) {
        if (dialect != null) return messages.received(element)
        val chosen =
            if (isClient) {
                val offered = (element as? BananaList)?.elements ?: violated("The server offers no list of dialects.")
                offered.firstNotNullOfOrNull(::dialectNamed) ?: violated("The server offers no dialect that is known here.")
            } else {
                dialectNamed(element) ?: violated("The client has chosen a dialect that was not offered.")
            }
        if (isClient) send(chosen.wireName)
        dialect = chosen
        decoder.dialect = chosen
        handshake?.cancel(null)
        send(BananaList.of(VERSION_COMMAND, VERSION))
        owner.ready(this)
    }

    private fun violated(message: String): Nothing = throw ProtocolViolationException(message)

    private fun dialectNamed(name: BananaElement) = BananaDialect.entries.firstOrNull { it.wireName == name }

    override fun connectionLost(reason: CloseReason) {
        isDisconnected = true
        calls.failAll(reason)
        locals.clear().forEach { it.cleanups.forEach { cleanup -> guarded("the end of a login", cleanup) } }
        cached.clear().forEach { guarded("stoppedObserving of ${it.value.cacheable.javaClass.name}") { it.value.stopped(this) } }
        caches.values.forEach { it.broker = null }
        caches.clear()
        while (disconnects.isNotEmpty()) { // one may take another back
            guarded("a listener of the disconnection", disconnects.removeFirst()::run)
        }
        owner.lost(this, reason)
    }

    @JvmSynthetic
    internal fun guarded(what: String, call: () -> Unit) {
        try {
            call()
        } catch (e: Throwable) {
            log.failure("{what} of {broker} has failed", e, "what" to what, "broker" to safeString(this))
        }
    }

    // Sending.

    @JvmSynthetic
    internal fun send(element: BananaElement): Unit = transport.write(encoder.encode(element, dialect ?: BananaDialect.NONE))

    /** Sends what [make] makes. When that cannot be sent, no object counts as sent. */
    @JvmSynthetic
    internal fun sendValues(perspective: Any?, make: (Outgoing) -> BananaElement) {
        val outgoing = Outgoing(this, perspective)
        val bytes =
            try {
                encoder.encode(make(outgoing), dialect ?: BananaDialect.NONE)
            } catch (e: Throwable) {
                outgoing.takeBack()
                throw e as? Exception ?: UnsendableValueException("The value cannot be sent: ${e.javaClass.name} was thrown.", e)
            }
        transport.write(bytes)
    }

    /** For those who give a Deferred. The other voices come here by the loop; after its end, on the thread of their caller. */
    @JvmSynthetic
    internal fun checkThread(what: String, others: String) {
        if (!loop.inLoop) throw WrongThreadException("$what is for the reactor's thread; $others may be used on any.")
    }

    @JvmSynthetic
    internal fun call(reference: RemoteReference, name: String, args: List<Any?>, kwargs: Map<String, Any?>): OutgoingCall {
        if (reference.isClosed) return OutgoingCall.failed(DeadReferenceException("The reference was closed."))
        return calls.begin(Commands.MESSAGE, reference.perspective, reference.id, name, args, kwargs)
    }

    @JvmSynthetic
    internal fun sendOnly(reference: RemoteReference, name: String, args: List<Any?>, kwargs: Map<String, Any?>) {
        if (reference.isClosed || isDisconnected) return
        guarded("a call without an answer") { calls.send(Commands.MESSAGE, reference.perspective, reference.id, name, args, kwargs) }
    }

    /** [sendOnly] for those who need to know: throws when nothing was sent. */
    @JvmSynthetic
    internal fun sendOrThrow(reference: RemoteReference, name: String, args: List<Any?>) {
        if (reference.isClosed) throw DeadReferenceException("The reference was closed.")
        if (isDisconnected) throw DeadReferenceException("The connection of the reference has ended.")
        calls.send(Commands.MESSAGE, reference.perspective, reference.id, name, args, emptyMap())
    }

    @JvmSynthetic
    internal fun callCache(
        cacheable: Cacheable,
        perspective: Any?,
        name: String,
        args: List<Any?>,
        kwargs: Map<String, Any?>,
    ): Deferred<Any?> {
        val id = cached.find(Identity(cacheable))?.id
            ?: return OutgoingCall.failed(DeadReferenceException("The other side has no copy of it.")).deferred
        return calls.begin(Commands.CACHE_MESSAGE, perspective, BananaInteger.of(id), name, args, kwargs).deferred
    }

    @JvmSynthetic
    internal fun sendToCache(cacheable: Cacheable, perspective: Any?, name: String, args: List<Any?>) {
        val id = cached.find(Identity(cacheable))?.id ?: return
        guarded("a message to a copy") { calls.send(Commands.CACHE_MESSAGE, perspective, BananaInteger.of(id), name, args, emptyMap()) }
    }

    @JvmSynthetic
    internal fun sendDecref(id: BananaInteger) {
        if (!isDisconnected) send(BananaList.of(Commands.DECREF, id))
    }

    @JvmSynthetic
    internal fun sendDecache(id: Long, times: Int) {
        if (!isDisconnected) repeat(times) { send(BananaList.of(Commands.DECACHE, BananaInteger.of(id))) }
    }

    @get:JvmSynthetic
    internal val outgoingCalls get() = calls

    private fun newId() = ++lastId

    private fun tooManyReferences(count: Int) {
        log.warn("{broker} holds as many of our objects as it may", "broker" to safeString(this))
        if (count > MOST_VIOLATIONS) transport.loseConnection()
    }

    @JvmSynthetic
    internal fun didNotUnderstand(command: Bytes) {
        log.warn("{peer} did not understand {command}", LogKeys.PEER to safeString(transport.peer()), "command" to escaped(command))
    }

    private companion object {
        val log = Logger(Broker::class.java)
        val VERSION_COMMAND = Bytes.utf8("version")
        val VERSION = BananaInteger.of(6)

        /** As in Twisted: a peer that goes on after three refusals is cut off. */
        const val MOST_VIOLATIONS = 3
    }
}

/** The maker of a broker. On the reactor's thread. */
internal interface BrokerOwner {
    /** Both sides have agreed on a dialect. */
    fun ready(broker: Broker)

    /** Its connection has ended. */
    fun lost(broker: Broker, reason: CloseReason)
}

/** The messages' names. */
internal object Commands {
    val VERSION = Bytes.utf8("version")
    val MESSAGE = Bytes.utf8("message")
    val CACHE_MESSAGE = Bytes.utf8("cachemessage")
    val ANSWER = Bytes.utf8("answer")
    val ERROR = Bytes.utf8("error")
    val DECREF = Bytes.utf8("decref")
    val DECACHE = Bytes.utf8("decache")
    val UNCACHE = Bytes.utf8("uncache")
    val DID_NOT_UNDERSTAND = Bytes.utf8("didNotUnderstand")
}
