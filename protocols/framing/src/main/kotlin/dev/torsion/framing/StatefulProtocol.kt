// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.Protocol
import java.nio.ByteBuffer

/**
 * A protocol that says for each piece how long it is, and who takes it; Twisted's `protocols.stateful`. It suits binary formats in which the
 * header says what follows.
 *
 * ```java
 * class Sized extends StatefulProtocol {
 *   protected State initialState() {
 *     return new State(1, header -> new State(header[0], this::body));
 *   }
 *
 *   private State body(byte[] body) {
 *     return initialState();
 *   }
 * }
 * ```
 *
 * No piece is delivered after `loseConnection` or `abortConnection`. Bytes that are there behind a piece belong to the next one.
 *
 * Thread: the reactor's.
 */
public abstract class StatefulProtocol : Protocol() {
    private var state: State? = null
    private var piece = NONE
    private var filled = 0
    private var behind: ByteBuffer? = null // what has come behind the piece that is being delivered

    /** The taker of a piece. */
    public fun interface PieceHandler {
        /** All bytes of the piece, which are yours. Gives what comes next; null for the same again. */
        public fun pieceReceived(data: ByteArray): State?
    }

    /**
     * The state that comes next.
     *
     * @property length how many bytes the piece has; 1 at least. They take memory when they come, so check what a peer says beforehand
     * @throws IllegalArgumentException when [length] is not positive
     */
    public class State(public val length: Int, public val handler: PieceHandler) {
        init {
            require(length > 0) { "a piece must have a byte at least, but $length were asked for" }
        }
    }

    /** The state that comes first; Twisted's `getInitialState`. Called once, when the first bytes are there. */
    protected abstract fun initialState(): State

    /** Within a piece. */
    override fun expectsBytes(): Boolean = filled > 0

    final override fun dataReceived(data: ByteArray): Unit = dataReceived(ByteBuffer.wrap(data).asReadOnlyBuffer())

    final override fun dataReceived(view: ByteBuffer) {
        check(behind == null) { "a piece is being delivered" }
        while (view.hasRemaining() && !transport.isDisconnecting) {
            val current = state ?: initialState().also { state = it }
            take(view, current.length)
            if (filled < current.length) return
            val whole = piece
            piece = NONE
            filled = 0
            behind = view
            try {
                current.handler.pieceReceived(whole)?.let { state = it }
            } finally {
                behind = null
            }
        }
    }

    /** The memory grows with what has come: a length is only what the peer says. */
    private fun take(view: ByteBuffer, length: Int) {
        val count = minOf(view.remaining(), length - filled)
        if (piece.size < filled + count) {
            piece =
                piece.copyOf(if (filled + count == length) length else minOf(length.toLong(), maxOf(filled + count, SMALLEST) * 2L).toInt())
        }
        view.get(piece, filled, count)
        filled += count
        if (filled == length && piece.size > length) piece = piece.copyOf(length)
    }

    final override fun tlsBegins() {
        val kept = filled + (behind?.remaining() ?: 0)
        if (kept > 0) transport.abortConnection(PlainBytesException(kept))
    }

    private companion object {
        val NONE = ByteArray(0)
        const val SMALLEST = 64
    }
}
