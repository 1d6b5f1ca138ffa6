// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.toDeferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.escapedThrowable
import dev.torsion.log.safeString
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.UnsendableValueException
import dev.torsion.spread.banana.escaped
import dev.torsion.spread.jelly.Copyable
import dev.torsion.spread.jelly.Tuple
import dev.torsion.spread.jelly.namesOf
import java.util.concurrent.CompletionStage

/*
 * The messages of a connection that is ready (Twisted's proto_ methods):
 *
 *   [version, 6]                                                     another number is a violation
 *   [message, request, object, name, 0/1 answer, args, kwargs]       a call of one of our objects
 *   [cachemessage, request, object, name, 0/1 answer, args, kwargs]  the original tells one of our copies
 *   [answer, request, value]  [error, request, value]                what became of a call of ours
 *   [decref, object]                                                 it has one reference less to an object of ours
 *   [decache, object]                                                it has one copy less of an object of ours
 *   [uncache, object]                                                no message will ask for that copy any more
 *   [didNotUnderstand, command]                                      logged
 *   [anything else, ...]                                             answered with didNotUnderstand
 */
internal class BrokerMessages(private val broker: Broker) {
    private var pendingCalls = 0

    fun received(element: BananaElement) {
        val list = element as? BananaList ?: violated("A message is no list.")
        val command = list.elements.firstOrNull() as? Bytes ?: violated("A message begins with no name.")
        when (command) {
            Commands.MESSAGE -> call(list, ::target)
            Commands.ANSWER -> broker.outgoingCalls.answered(integer(list, 1), part(list, 2), isError = false)
            Commands.ERROR -> broker.outgoingCalls.answered(integer(list, 1), part(list, 2), isError = true)
            Commands.DECREF -> decref(integer(list, 1))
            Commands.CACHE_MESSAGE -> call(list, ::cache)
            Commands.DECACHE -> decache(integer(list, 1))
            Commands.UNCACHE -> uncache(integer(list, 1))
            Commands.VERSION -> version(list)
            Commands.DID_NOT_UNDERSTAND -> broker.didNotUnderstand(list.elements.getOrNull(1) as? Bytes ?: Bytes.EMPTY)
            else -> broker.send(BananaList.of(Commands.DID_NOT_UNDERSTAND, shortened(command)))
        }
    }

    private fun shortened(command: Bytes) = if (command.size > SHOWN) Bytes.of(command.toByteArray().copyOf(SHOWN)) else command

    private fun version(list: BananaList) {
        val number = list.elements.getOrNull(1)
        if (number != BananaInteger.of(VERSION)) violated("The peer speaks another version of Perspective Broker than $VERSION.")
    }

    // Their references to our objects.

    private fun decref(id: Long) {
        val local = broker.locals[id] ?: violated("The peer gives back an object that it does not have.")
        broker.locals.release(local)?.cleanups?.forEach { broker.guarded("the end of a login", it) }
    }

    private fun decache(id: Long) {
        val local = broker.cached[id] ?: violated("The peer gives back a copy that it does not have.")
        val gone = broker.cached.release(local) ?: return
        broker.guarded("stoppedObserving of ${gone.value.cacheable.javaClass.name}") { gone.value.stopped(broker) }
        broker.send(BananaList.of(Commands.UNCACHE, BananaInteger.of(id)))
    }

    private fun uncache(id: Long) {
        val cache = broker.caches.remove(id) ?: violated("The peer takes away a copy that is not there.")
        cache.broker = null
    }

    // Their calls.

    private fun target(id: BananaElement): CallTarget? = when (id) {
        is BananaInteger -> if (id.isLong) broker.locals[id.toLong()]?.value else null
        is Bytes -> broker.named[id]
        else -> null
    }

    private fun cache(id: BananaElement): CallTarget? =
        (id as? BananaInteger)?.takeIf { it.isLong }?.let { broker.caches[it.toLong()] }?.let(::CacheTarget)

    private class CacheTarget(override val original: RemoteCache) : CallTarget {
        override fun received(call: RemoteCall) = original.observeMessageReceived(call)
    }

    private fun call(list: BananaList, find: (BananaElement) -> CallTarget?) {
        if (list.size != CALL_PARTS) violated("A call has not the parts that it should.")
        val request = integer(list, 1)
        val name = list[NAME] as? Bytes ?: violated("A call has no name.")
        val asked = Asked(request, integer(list, ANSWER) != 0L, name)
        val incoming = arrayListOf<IncomingObjects>()
        val target = find(list[TARGET])
        val perspective = target?.perspective
        val result: Any?
        var isMade = false
        try {
            // Those of a call that is refused are read too: what is the peer's in them is to be given back.
            val args = values(list[ARGS], perspective, incoming) as? Tuple ?: throw ArgumentMismatch("the arguments are no tuple")
            val kwargs = named(values(list[KWARGS], perspective, incoming))
            if (target == null) throw PBError("Invalid Object ID")
            if (pendingCalls >= broker.options.maxPendingCalls) throw PBError("Too many calls wait for their answers.")
            isMade = true
            result = target.received(RemoteCall(name.utf8(), args.toList(), kwargs, broker, perspective, incoming))
        } catch (e: Throwable) {
            if (!isMade || e is NoSuchMethod || e is ArgumentMismatch) incoming.forEach(IncomingObjects::giveBack)
            return answerError(asked, e)
        }
        when (result) {
            is Deferred<*> -> later(asked, result, perspective)
            is CompletionStage<*> -> later(asked, result.toDeferred(broker.loop), perspective)
            else -> done(asked, result, perspective)
        }
    }

    /** A call of the peer. */
    private class Asked(val request: Long, val wantsAnswer: Boolean, val name: Bytes)

    private fun values(element: BananaElement, perspective: Any?, all: ArrayList<IncomingObjects>): Any? =
        IncomingObjects(broker, perspective).also(all::add).unjelly(element)

    /** Python 2 sent names as bytes. */
    private fun named(kwargs: Any?): Map<String, Any?> {
        if (kwargs is Map<*, *> && kwargs.isEmpty()) return emptyMap()
        return try {
            namesOf(kwargs)
        } catch (e: IllegalArgumentException) {
            throw ArgumentMismatch("the arguments by name are no dictionary of names")
        }
    }

    private fun later(asked: Asked, result: Deferred<*>, perspective: Any?) {
        pendingCalls++
        @Suppress("UNCHECKED_CAST")
        (result as Deferred<Any?>).addBoth { outcome ->
            pendingCalls--
            if (outcome is Failure) answerError(asked, outcome.value) else done(asked, outcome.get(), perspective)
            null
        }
    }

    // Our answers.

    private fun done(asked: Asked, value: Any?, perspective: Any?) {
        when {
            value is Pager -> later(asked, value.start(), perspective) // the answer says when all pages were sent, or why not
            asked.wantsAnswer -> answer(asked, value.takeIf { it !== Unit }, perspective)
            else -> drop(value)
        }
    }

    private fun answer(asked: Asked, value: Any?, perspective: Any?) {
        if (broker.isDisconnected) return drop(value)
        try {
            broker.sendValues(perspective) { BananaList.of(Commands.ANSWER, BananaInteger.of(asked.request), it.jelly(value)) }
        } catch (e: Exception) {
            answerError(asked, e) // in Twisted the caller would wait for ever
        }
    }

    /** The answer goes to nobody. */
    private fun drop(value: Any?) {
        if (value is PBLogin) broker.guarded("the end of a login", value::loggedOut)
    }

    private fun answerError(asked: Asked, error: Throwable) {
        if (!RemoteFailures.isForPeer(error)) {
            log.failure(
                "{method} of {peer} has failed",
                escapedThrowable(error), // its message may be made of what the peer has sent
                "method" to escaped(asked.name),
                LogKeys.PEER to safeString(broker.transport.peer()),
            )
        }
        if (!asked.wantsAnswer || broker.isDisconnected) return
        if (error is Copyable && trySendError(asked.request, error)) return
        if (!trySendError(asked.request, Failure(error))) {
            trySendError(asked.request, PBError("The method has failed with an exception that cannot be sent."))
        }
    }

    private fun trySendError(request: Long, value: Any): Boolean = try {
        broker.sendValues(null) { BananaList.of(Commands.ERROR, BananaInteger.of(request), it.jelly(value)) }
        true
    } catch (e: Exception) {
        if (e !is UnsendableValueException) log.failure("An exception cannot be sent to the peer", e)
        false
    }

    private fun part(list: BananaList, index: Int): BananaElement {
        if (list.size != index + 1) violated("A message \"${escaped(list[0] as Bytes)}\" has not the parts that it should.")
        return list[index]
    }

    private fun integer(list: BananaList, index: Int): Long {
        val number = list.elements.getOrNull(index) as? BananaInteger
        if (number == null || !number.isLong) violated("A message \"${escaped(list[0] as Bytes)}\" has not the parts that it should.")
        return number.toLong()
    }

    private fun violated(message: String): Nothing = throw ProtocolViolationException(message)

    private companion object {
        val log = Logger(Broker::class.java)
        const val VERSION = 6L
        const val SHOWN = 100
        const val CALL_PARTS = 7
        const val TARGET = 2
        const val NAME = 3
        const val ANSWER = 4
        const val ARGS = 5
        const val KWARGS = 6
    }
}
