// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.net.CloseReason
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.jelly.Tuple

/** Our calls on one connection that wait for their answers, by their numbers. */
internal class OutgoingCalls(private val broker: Broker) {
    private val waiting = LinkedHashMap<Long, OutgoingCall>()
    private var lastRequest = 0L

    val size get() = waiting.size

    fun begin(
        command: Bytes,
        perspective: Any?,
        target: BananaElement,
        name: String,
        args: List<Any?>,
        kwargs: Map<String, Any?>,
    ): OutgoingCall {
        if (!broker.isReady) return OutgoingCall.failed(DeadReferenceException("The connection of the reference has ended."))
        val call = OutgoingCall()
        return try {
            send(command, perspective, target, name, args, kwargs, call)
            call
        } catch (e: Exception) {
            if (call.deferred.called) call else OutgoingCall.failed(e) // its connection has ended meanwhile
        }
    }

    /** Sends a call, whose answer is for [call], if that is wanted. Objects that are sent may make calls of their own meanwhile. */
    fun send(
        command: Bytes,
        perspective: Any?,
        target: BananaElement,
        name: String,
        args: List<Any?>,
        kwargs: Map<String, Any?>,
        call: OutgoingCall? = null,
    ) {
        val request = ++lastRequest
        if (call != null) waiting[request] = call
        try {
            broker.sendValues(perspective) { outgoing ->
                BananaList.of(
                    command,
                    BananaInteger.of(request),
                    target,
                    Bytes.utf8(name),
                    BananaInteger.of(if (call == null) 0 else 1),
                    outgoing.jelly(Tuple.from(args)),
                    outgoing.jelly(kwargs),
                )
            }
        } catch (e: Exception) {
            waiting.remove(request)
            throw e
        }
    }

    fun answered(request: Long, element: BananaElement, isError: Boolean) {
        val call = waiting.remove(request) ?: throw ProtocolViolationException("An answer came to no call, number $request.")
        val incoming = IncomingObjects(broker, null)
        val value: Any?
        val error: Throwable?
        try {
            value = incoming.unjelly(element)
            error = if (isError) RemoteFailures.exception(value, broker.options.types) else null
        } catch (e: Throwable) { // also an Error of a user's type: the call is in nobody's list any more
            incoming.giveBack()
            call.failed(e) // in Twisted the caller would wait for ever
            if (e is ProtocolViolationException) return
            throw e
        }
        if (error == null) return call.answered(value, incoming)
        call.failed(error)
        incoming.giveBack()
    }

    fun failAll(reason: CloseReason) {
        val all = waiting.values.toList()
        waiting.clear()
        for (call in all) broker.guarded("a caller") { call.failed(PBConnectionLost(reason)) }
    }
}
