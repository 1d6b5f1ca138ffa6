// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.defer.Deferred
import dev.torsion.log.safeString
import dev.torsion.net.CloseReason
import dev.torsion.net.Producer
import dev.torsion.net.Transport
import kotlinx.coroutines.job

/** The writing side's flow control: the producer of a transport, and Deferreds that wait until it is writable. Made when first needed. */
public class ConsumerSide(private val transport: Transport) {
    private var streaming = false
    private var paused = false
    private var waiters: ArrayDeque<Deferred<Unit>>? = null
    private var lostWith: CloseReason? = null
    private var isBroken = false
    private var watched: Transport? = null

    /** The registered producer. */
    public var producer: Producer? = null
        private set

    /**
     * True while closing has to wait for a producer. It does not wait for the transport itself, as of an echo that does not read while it
     * cannot write, nor for another transport that is at its end, as of a port forwarder: one that is closing reads nothing more, so
     * nothing more can come.
     */
    public val holdsUpClosing: Boolean
        get() {
            val current = producer ?: return false
            return current !is Transport ||
                (current !== transport && !current.isDisconnecting && !current.isDraining)
        }

    /** The same for an end of the output alone. The code that joins two transports knows when one of them has said all. */
    @get:JvmSynthetic
    internal val holdsUpOutputEnd: Boolean get() = producer.let { it != null && it !is Transport }

    /** Closing waits: when it waits for a transport, [ended] is called once that has ended, on any thread, for nobody else may say so. */
    public fun whenProducerEnds(ended: Runnable) {
        val current = producer as? Transport ?: return
        if (current === watched) return
        watched = current
        current.scope.coroutineContext.job.invokeOnCompletion { ended.run() }
    }

    /** True while a producer is registered that is to be asked for each piece. */
    public val isPulling: Boolean get() = producer != null && !streaming

    /** True from [becameFull] until [drained]. */
    public var isFull: Boolean = false
        private set

    /** Registers [producer], or stops it when the connection [isGone]. */
    public fun register(producer: Producer, streaming: Boolean, isGone: Boolean) {
        check(this.producer == null) {
            "cannot register ${safeString(producer)}: ${safeString(this.producer)} is registered and was not unregistered"
        }
        if (isGone) return producer.stopProducing()
        this.producer = producer
        this.streaming = streaming
        paused = false
        if (!streaming) {
            producer.resumeProducing()
        } else if (isFull) {
            pause()
        }
    }

    /** Forgets the producer. */
    public fun unregister() {
        producer = null
    }

    /** More bytes than the high-water mark wait to be sent. */
    public fun becameFull() {
        isFull = true
        pause()
    }

    /** Nothing more is sent, and whoever waits hears so at the end of the connection. */
    @JvmSynthetic
    internal fun broken() {
        isBroken = true
    }

    /** The bytes that were written are not sent: a producer that goes on until it is paused would never end. A transport ends with what it has read. */
    @JvmSynthetic
    internal fun refused() {
        if (producer !is Transport) pause()
    }

    private fun pause() {
        if (paused || !streaming) return
        paused = true
        producer?.pauseProducing()
    }

    /** The waiting bytes have fallen to the low-water mark; [isEmpty] when none is left. */
    public fun drained(isEmpty: Boolean) {
        isFull = false
        val current = producer
        if (streaming && paused) {
            paused = false
            current?.resumeProducing()
        } else if (!streaming && isEmpty) {
            current?.resumeProducing()
        }
        var count = waiters?.size ?: 0 // one that comes meanwhile is for a transport that is full, or never has room again
        while (!isFull && !isBroken && count-- > 0) (waiters?.removeFirstOrNull() ?: break).callback(Unit)
    }

    /** A Deferred for [dev.torsion.net.Transport.whenWritable]. */
    public fun whenWritable(): Deferred<Unit> = whenWritable(isWritable = !isFull)

    /** [whenWritable] of a transport that may never be so again. */
    @JvmSynthetic
    internal fun whenWritable(isWritable: Boolean): Deferred<Unit> {
        val result = Deferred<Unit> { waiters?.remove(it) }
        val reason = lostWith
        when {
            reason != null -> result.errback(reason)
            isWritable -> result.callback(Unit)
            else -> (waiters ?: ArrayDeque<Deferred<Unit>>().also { waiters = it }).addLast(result)
        }
        return result
    }

    /** The connection is gone. */
    public fun ended(reason: CloseReason) {
        lostWith = reason
        isFull = false
        val last = producer
        producer = null
        // One by one: a callback may cancel another of them.
        while (true) (waiters?.removeFirstOrNull() ?: break).errback(reason)
        last?.stopProducing()
    }
}
