// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.await
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicReference

/**
 * [source] on threads of the pool: it has one while it is asked, and none while nobody takes what it has given. A piece is passed on as
 * soon as it is there, though the next one may let the thread wait. The thread that is asked last closes it.
 */
internal class PulledPieces(private val reactor: Reactor, private val source: OwnedPieces) {
    private enum class State { IDLE, PULLING, OVER }

    private val state = AtomicReference(State.IDLE)
    private val ready = Channel<ByteArray>(Channel.UNLIMITED) // its limit is that of [held]
    private val held = AtomicLong() // bytes that are ready
    private val room = Channel<Unit>(Channel.CONFLATED)

    /** Gives [take] all pieces, on the reactor's thread. */
    suspend fun each(take: suspend (ByteArray) -> Unit) {
        try {
            coroutineScope {
                val pulling = launch { pullAll() }
                for (piece in ready) {
                    take(piece)
                    if (held.addAndGet(-cost(piece)) < LOW) room.trySend(Unit)
                }
                pulling.join()
            }
        } finally {
            end()
        }
    }

    private suspend fun pullAll() {
        while (reactor.deferToThread(::pull).await()) while (held.get() >= LOW) room.receive()
        ready.close(null)
    }

    /** Whether there may be more. On a thread of the pool. */
    private fun pull(): Boolean {
        if (!state.compareAndSet(State.IDLE, State.PULLING)) return false
        var failure: Throwable? = null
        var isMore = true
        try {
            while (state.get() == State.PULLING && held.get() < MOST) {
                val piece = source.next()
                if (piece == null) {
                    isMore = false
                    break
                }
                held.addAndGet(cost(piece))
                ready.trySend(piece)
            }
        } catch (e: Throwable) {
            failure = e
            throw e
        } finally {
            if (!isMore || failure != null) {
                state.set(State.OVER)
                source.close(failure)
            } else if (!state.compareAndSet(State.PULLING, State.IDLE)) {
                source.close(null)
            }
        }
        return isMore
    }

    /** Nobody takes more, or has ever asked. On any thread: [source] may wait when it is closed, so a thread of the pool does that. */
    fun end() {
        if (state.getAndSet(State.OVER) != State.IDLE) return // the thread that is there closes it
        try {
            reactor.callInThread { source.close(null) }
        } catch (_: Exception) { // the reactor has ended, and with it the pool
            source.close(null)
        }
    }

    private companion object {
        const val MOST = 64 * 1024
        const val LOW = MOST / 2
        const val BESIDES = 64 // of each piece: many small ones are much, too

        fun cost(piece: ByteArray): Long = piece.size.toLong() + BESIDES
    }
}
