// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.await
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.futureOnLoop
import dev.torsion.defer.inlineCallbacks
import dev.torsion.defer.succeed
import java.io.ByteArrayOutputStream
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletableFuture.completedFuture
import dev.torsion.defer.fail as failed

/**
 * The body of a message while it comes. It is read once, in pieces: [read] in Kotlin, [piece] in Java, [next] with Deferreds. [readBytes]
 * and [bytes] put all of it together, [readText] and [text] make a text of it. Up to 64 KiB that nobody reads wait in memory. Above that
 * the connection reads no more from the peer.
 *
 * Reading fails with an [IncompleteMessageException] when the connection ends before the body, with an [HttpViolationException] when the
 * peer breaks a rule, and with an [HttpTimeoutException] when no byte comes for too long. Cancelling a read only stops the waiting: no byte
 * is lost.
 *
 * Thread: [next] belongs to the reactor's. The others may be used on any. One read may wait at a time.
 */
public class HttpBody internal constructor(
    private val loop: ScopeExecutor,
    private val flow: Flow,
    private val gone: String = "The request has its answer: what was left of its body is gone.",
) {
    /** Hears what a body needs. */
    internal interface Flow {
        /** Somebody waits for bytes. */
        fun wanted()

        /** Whether there is room for more has changed. */
        fun roomChanged()

        /** It is larger than its reader allows. The reader has dropped the bytes that had come. */
        fun refused() {}
    }

    private val pieces = Pieces()
    private var waiter: Deferred<ByteArray?>? = null
    private var error: Throwable? = null

    /** The failure of reading. */
    @get:JvmSynthetic
    internal var fault: Throwable? = null
        private set
    private var isEnded = false
    private var isUnwanted = false
    private var isGathering = false
    private var hadRoom = true // before that

    /** Whether the peer should be read from. */
    @get:JvmSynthetic
    internal val hasRoom: Boolean get() = pieces.size < MOST_HELD

    /** Whether somebody waits for bytes. */
    @get:JvmSynthetic
    internal val isAwaited: Boolean get() = waiter != null

    /** The next piece, or null at the end. On the reactor's thread. */
    public fun next(): Deferred<ByteArray?> {
        if (waiter != null) return failed(IllegalStateException("A read of this body waits already."))
        val first = changing { pieces.removeFirstOrNull() }
        if (first != null) {
            return succeed<ByteArray?>(first).onUndelivered(::giveBack)
        }
        error?.let { return failed(it) }
        if (isEnded) return succeed(null)
        val waiting = Deferred<ByteArray?> { if (waiter === it) waiter = null }.onUndelivered(::giveBack)
        waiter = waiting
        try {
            flow.wanted()
        } catch (e: Throwable) { // nobody hears of it
            if (waiter === waiting) waiter = null
            throw e
        }
        return waiting
    }

    /** The next piece, or null at the end. On any dispatcher. */
    @JvmSynthetic
    public suspend fun read(): ByteArray? = loop.awaitOnLoop { next() }

    /** The next piece, or null at the end; as a future, on any thread. */
    public fun piece(): CompletableFuture<ByteArray?> = loop.futureOnLoop { next() }

    /** All that is left. Fails with a [BodyTooLargeException] when that is more than [limit] bytes. On any dispatcher. */
    @JvmSynthetic
    public suspend fun readBytes(limit: Long = DEFAULT_LIMIT): ByteArray {
        if (loop.inLoop) takeWhole(limit)?.let { return it }
        return loop.awaitOnLoop { all(limit) }
    }

    /** [readBytes] as text in UTF-8. */
    @JvmSynthetic
    public suspend fun readText(limit: Long = DEFAULT_LIMIT): String = readBytes(limit).toString(Charsets.UTF_8)

    /** All that is left, up to 16 MiB; as a future, on any thread. */
    public fun bytes(): CompletableFuture<ByteArray> = bytes(DEFAULT_LIMIT)

    /** All that is left. Fails with a [BodyTooLargeException] when that is more than [limit] bytes. As a future, on any thread. */
    public fun bytes(limit: Long): CompletableFuture<ByteArray> {
        if (loop.inLoop) takeWhole(limit)?.let { return completedFuture(it) }
        return loop.futureOnLoop { all(limit) }
    }

    /** [bytes] as text in UTF-8. */
    public fun text(): CompletableFuture<String> = text(DEFAULT_LIMIT)

    /** [bytes] of at most [limit] bytes, as text in UTF-8. */
    public fun text(limit: Long): CompletableFuture<String> {
        if (loop.inLoop) takeWhole(limit)?.let { return completedFuture(it.toString(Charsets.UTF_8)) }
        return loop.futureOnLoop { all(limit).addCallback { it.toString(Charsets.UTF_8) } }
    }

    /** [readBytes] as a Deferred. On the reactor's thread. */
    @JvmSynthetic
    internal fun all(limit: Long): Deferred<ByteArray> = inlineCallbacks {
        val whole = ByteArrayOutputStream()
        try {
            while (true) {
                val piece = next().await() ?: break
                if (whole.size() + piece.size.toLong() > limit) throw refused(limit)
                whole.write(piece, 0, piece.size)
            }
        } catch (e: CancellationException) { // the next reader must not take the rest for all
            giveBack(whole.toByteArray())
            throw e
        }
        whole.toByteArray()
    }.onUndelivered(::giveBack)

    private fun refused(limit: Long): BodyTooLargeException {
        val error = BodyTooLargeException(limit)
        fault = error
        flow.refused()
        return error
    }

    /** All of a body that has come in one piece, which is not copied; null for any other. */
    private fun takeWhole(limit: Long): ByteArray? {
        if (!isEnded || error != null || pieces.size > limit) return null
        return changing { pieces.takeOnly() }
    }

    /** For the connection: [piece] has come. */
    @JvmSynthetic
    internal fun add(piece: ByteArray) {
        if (isUnwanted || error != null) return
        val waiting = waiter
        if (waiting != null && !isGathering) {
            waiter = null
            waiting.callback(piece)
        } else {
            changing { pieces.addLast(piece) }
        }
    }

    /**
     * For the connection: bytes that come before [gathered] are one piece. A peer chooses how small its chunks are, and each piece costs
     * its reader time.
     */
    @JvmSynthetic
    internal fun gather() {
        isGathering = true
        hadRoom = hasRoom
    }

    /** For the connection: a reader that waits gets the bytes that have come since [gather]. */
    @JvmSynthetic
    internal fun gathered() {
        if (!isGathering) return
        isGathering = false
        val waiting = waiter
        val first = if (waiting == null) null else pieces.removeFirstOrNull()
        if (hasRoom != hadRoom) flow.roomChanged()
        if (waiting == null || (first == null && !isEnded)) return
        waiter = null
        waiting.callback(first)
    }

    /** For the connection: all has come. */
    @JvmSynthetic
    internal fun end() {
        isEnded = true
        if (isGathering) return
        waiter?.let {
            waiter = null
            it.callback(null)
        }
    }

    /** For the connection: no more will come. Pieces that are there can still be read. */
    @JvmSynthetic
    internal fun fail(reason: Throwable) {
        if (isEnded || error != null) return
        error = reason
        fault = reason
        waiter?.let {
            waiter = null
            it.errback(reason)
        }
    }

    /** For the connection: nobody will read any more. */
    @JvmSynthetic
    internal fun discard() {
        if (isUnwanted) return
        isUnwanted = true
        if (!isEnded || !pieces.isEmpty()) lose()
        changing { pieces.clear() }
    }

    /** A reader that goes on must not take the rest for empty. */
    private fun lose() {
        val reason = error ?: IllegalStateException(gone)
        error = reason
        waiter?.let {
            waiter = null
            it.errback(reason)
        }
    }

    private fun giveBack(piece: ByteArray?) {
        if (piece == null || piece.isEmpty()) return
        if (isUnwanted) return lose()
        val next = waiter
        if (next != null) { // it must not get a later piece first
            waiter = null
            next.callback(piece)
            return
        }
        changing { pieces.addFirst(piece) }
    }

    private inline fun <T> changing(change: () -> T): T {
        val had = hasRoom
        return change().also { if (had != hasRoom && !isGathering) flow.roomChanged() }
    }

    override fun toString(): String = "HttpBody(${if (isEnded) "ended" else "coming"}, ${pieces.size} bytes waiting)"

    public companion object {
        private const val MOST_HELD = 64 * 1024

        /** How much a body that is read as a whole may have, unless said otherwise: 16 MiB. */
        public const val DEFAULT_LIMIT: Long = 16L * 1024 * 1024
    }
}
