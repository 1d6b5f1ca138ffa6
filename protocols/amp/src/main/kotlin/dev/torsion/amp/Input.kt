// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.net.ProtocolViolationException
import java.nio.ByteBuffer

/**
 * The bytes that come on one connection: to boxes, and to where these belong. Reads no more while more requests wait for our answers than
 * may, or for answers to be read; unless we wait for an answer ourselves, which has to be read. On the reactor's thread.
 */
internal class Input(private val amp: AMP, options: AmpOptions) {
    /** The use of bytes that come before we have answered the request that came last. */
    enum class Quiet {
        /** They are boxes. */
        NO,

        /** They are kept, and belong to the protocol that the connection goes over to. */
        KEEPS,

        /** They are a violation: bytes that are sent before TLS begins might not be from the peer. */
        REFUSES,
    }

    private val decoder = AmpBoxDecoder(options.limits)
    private var kept = NO_BYTES
    private var isPaused = false
    private var isBusy = false
    private var isResuming = false
    var isQuiet = Quiet.NO

    /** Set when TLS has begun; the rest of the bytes then was sent before. */
    private var hasPlainEnded = false

    fun tlsHasBegun() {
        hasPlainEnded = isBusy
        if (kept.isNotEmpty()) amp.transport.abortConnection(injected())
    }

    /** Whether a box has begun, and it is for the peer to end it. */
    val isInBox: Boolean get() = !isPaused && decoder.isInBox

    fun received(view: ByteBuffer) {
        if (isPaused || isBusy) keep(view) else consume(view)
    }

    private fun keep(view: ByteBuffer) {
        val from = kept.size
        kept = kept.copyOf(from + view.remaining())
        view.get(kept, from, kept.size - from)
    }

    private fun consume(view: ByteBuffer) {
        isBusy = true
        try {
            boxes(view)
        } catch (e: ProtocolViolationException) {
            amp.transport.loseConnection(e)
        } finally {
            isBusy = false
            hasPlainEnded = false
        }
    }

    private fun boxes(view: ByteBuffer) {
        while (true) {
            val inner = amp.inner
            if (inner != null) {
                if (view.hasRemaining()) inner.dataReceived(view)
                return
            }
            if (amp.transport.isDisconnecting || amp.hasEnded) {
                view.position(view.limit()) // what comes after the end is nobody's
                return
            }
            if (view.hasRemaining() && (hasPlainEnded || isQuiet == Quiet.REFUSES)) throw injected()
            if (mustWait()) {
                keep(view)
                isPaused = true
                amp.transport.pauseProducing()
                return
            }
            amp.received(decoder.decode(view) ?: return)
        }
    }

    private fun mustWait() = isQuiet == Quiet.KEEPS || (amp.waitingCalls == 0 && amp.requests.isFull)

    private fun injected() = ProtocolViolationException("Bytes have come between the request for TLS and TLS itself.")

    /** Something has changed: goes on in a later turn, if it can. */
    fun resumeSoon() {
        if (isResuming || !isPaused) return
        isResuming = true
        amp.loop.later(::resume)
    }

    private fun resume() {
        isResuming = false
        if (isBusy || amp.isDisconnected) return
        try {
            goOn()
        } catch (e: ProtocolViolationException) {
            amp.transport.loseConnection(e)
        } catch (e: Throwable) { // of the protocol that the connection has gone over to
            amp.transport.abortConnection(e)
        }
    }

    private fun goOn() {
        if (!isPaused || (amp.inner == null && mustWait())) return
        isPaused = false
        val rest = ByteBuffer.wrap(kept).asReadOnlyBuffer()
        kept = NO_BYTES
        consume(rest)
        if (!isPaused) amp.transport.resumeProducing()
    }

    private companion object {
        val NO_BYTES = ByteArray(0)
    }
}
