// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.await
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.fail
import dev.torsion.defer.futureOnLoop
import dev.torsion.defer.inlineCallbacks
import dev.torsion.defer.succeed
import dev.torsion.defer.toDeferred
import dev.torsion.net.Transport
import dev.torsion.reactor.Reactor
import kotlinx.coroutines.flow.Flow
import java.nio.ByteBuffer
import java.util.concurrent.Callable
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.Flow.Publisher
import java.util.stream.Stream

/**
 * Takes the body of a message as it is made: [write] in Kotlin, [send] in Java. Each of them waits until the peer has taken enough of the
 * bytes written before. It fails when the connection has ended, and when the body gets longer than the length that was announced.
 *
 * [sendAll] and [sendAllInThread] send many pieces, as the peer takes them. A program that writes in a loop of its own gives others their
 * turn too: each 64th write is done in a later turn of the reactor, also when there is room.
 *
 * Thread: any, one write at a time.
 */
public class BodySink internal constructor(
    private val reactor: Reactor,
    private val loop: ScopeExecutor,
    private val transport: Transport,
    private val isChunked: Boolean,
    private var left: Long,
    private val room: () -> Deferred<Unit>,
    private val passOn: ((ByteArray) -> Deferred<Unit>)? = null, // where the bytes go, when it is not the transport
    private val behind: BodySink? = null, // the sink that they go to then
) {
    /** Hears how many bytes each write has. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var written: ((Int) -> Unit)? = null

    /** The end that belongs behind all that is written, when the body is ended from without, such as that of a stream that is compressed. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var rest: (() -> ByteArray)? = null
    private var ended: Throwable? = null // why nothing more can be written

    private var inARow = 0 // writes since others had their turn
    private var sending: Deferred<*>? = null // of many pieces

    /** Called before the first byte is written. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var beforeFirst: (() -> Unit)? = null

    @Volatile
    private var trailers = Headers.EMPTY

    /** How many bytes were written. */
    @get:JvmSynthetic
    internal var total: Long = 0
        private set

    /** Whether the connection is to end, and waits for this body only. */
    @get:JvmSynthetic
    internal val isEnding: Boolean get() = transport.isDraining || transport.isDisconnecting

    /** Writes all of [bytes], and waits until there is room for more. The array is copied before. */
    @JvmSynthetic
    public suspend fun write(bytes: ByteArray): Unit = loop.awaitOnLoop { begin(bytes) }

    /** [write] with [text] in UTF-8. */
    @JvmSynthetic
    public suspend fun write(text: String): Unit = write(text.toByteArray())

    /** Writes all of [bytes]. The future is done when there is room for more. The array must not change until then. */
    public fun send(bytes: ByteArray): CompletableFuture<Void?> = loop.futureOnLoop { begin(bytes).addCallback<Void?> { null } }

    /** Writes each piece that [pieces] gives, as the peer takes them. */
    @JvmSynthetic
    public suspend fun writeAll(pieces: Flow<ByteArray>): Unit = pieces.collect { write(it) }

    /**
     * Sends all [pieces], as the peer takes them. The future is done when there is room for more behind the last one. The iterator is asked
     * on the reactor's thread, so it must not wait: one that does is for [sendAllInThread]. An iterator that is [AutoCloseable] is closed
     * at the end, whatever that is.
     *
     * An exception of the iterator fails the future, and so does the end of the connection. Cancelling the future ends it before the next
     * piece.
     */
    public fun sendAll(pieces: Iterator<ByteArray>): CompletableFuture<Void?> {
        val source = OwnedPieces(pieces)
        return sending(source, { source.close(null) }) { source.each { write(it) } }
    }

    /**
     * Sends the rest of each buffer of [pieces], as the peer takes them: the next one is requested when there is room for it. The publisher
     * may give them on any thread, such as the rows of a database. The buffers stay as they are. The future is done when there is room for
     * more behind the last one.
     *
     * A failure of the publisher fails the future, and so does the end of the connection. Then the subscription is cancelled, and so it is
     * when the future is.
     */
    public fun sendAll(pieces: Publisher<ByteBuffer>): CompletableFuture<Void?> = sending(null, {}) { writeAll(pieces) }

    /**
     * [sendAll] for an iterator that waits, such as one of rows of a database: it is asked on a thread of the
     * [pool][Reactor.deferToThread], one call at a time, and closed there when it is [AutoCloseable]. It has a thread while it is asked,
     * and none while the peer does not take what it has given: 64 KiB are read ahead.
     *
     * Cancelling the future, or the end of the connection, does not interrupt a call that waits. The iterator is closed behind that.
     */
    public fun sendAllInThread(pieces: Iterator<ByteArray>): CompletableFuture<Void?> = sendingInThread(OwnedPieces(pieces))

    /**
     * [sendAllInThread] for a stream. It is opened on a thread of the pool too, by [pieces], and closed at the end.
     *
     * ```java
     * sink.sendAllInThread(() -> Files.lines(path).map(line -> (line + "\n").getBytes(UTF_8)))
     * ```
     */
    public fun sendAllInThread(pieces: Callable<out Stream<ByteArray>>): CompletableFuture<Void?> = sendingInThread(OwnedPieces(pieces))

    private fun sendingInThread(source: OwnedPieces): CompletableFuture<Void?> {
        val pulled = PulledPieces(reactor, source)
        return sending(source, pulled::end) { pulled.each { write(it) } }
    }

    /** The pieces of a publisher, for a coroutine. It may give the same buffers to several, also at once: so their positions stay. */
    @JvmSynthetic
    internal suspend fun writeAll(pieces: Publisher<ByteBuffer>): Unit = pieces.asFlow().collect { write(it.duplicate()) }

    /** Runs [send] on the loop. When that is never begun, [close] closes [source]. */
    private fun sending(source: OwnedPieces?, close: () -> Unit, send: suspend () -> Unit): CompletableFuture<Void?> {
        val future = loop.futureOnLoop {
            if (source?.begin() == false) return@futureOnLoop fail<Void?>(DeferredCancelledException())
            var hasBegun = false
            val running = inlineCallbacks<Void?>(transport.scope.coroutineContext) {
                hasBegun = true
                send()
                null
            }
            if (!hasBegun) close() // the connection was gone before
            sending = running
            if (ended != null) stop()
            running
        }
        if (source != null) future.whenComplete { _, _ -> if (source.begin()) close() }
        return future
    }

    /**
     * Sends [trailers] behind the body, at its end (RFC 9110 6.5), in place of those that were given before. Many programs and proxies drop them. They
     * are dropped here where the body does not go out in chunks: when its length is known, and to a client of HTTP/1.0.
     *
     * @throws IllegalArgumentException when one of them may not stand behind a body (RFC 9110 6.5.1): fields that frame or route the message,
     *   log in, say what is wanted or what the body is
     */
    public fun setTrailers(trailers: Headers) {
        TrailerFields.check(trailers)
        var last = this
        while (true) last = last.behind ?: break
        last.trailers = trailers
    }

    /** Whether all bytes of the length that was announced are written. */
    @get:JvmSynthetic
    internal val isWhole: Boolean get() = !isChunked && left == 0L

    /** The same with the bytes of a buffer. Where the length of the body is known, they go to the system without a copy, when nothing waits there. */
    @JvmSynthetic
    internal suspend fun write(bytes: ByteBuffer): Unit = loop.awaitOnLoop { begin(bytes) }

    private fun begin(bytes: ByteArray): Deferred<Unit> {
        if (passOn != null) return begin(bytes.size) { passOn.invoke(bytes) }
        return begin(bytes.size) {
            if (isChunked) HttpWriter.chunk(transport, bytes) else transport.write(bytes)
            room()
        }
    }

    private fun begin(bytes: ByteBuffer): Deferred<Unit> {
        if (passOn == null && !isChunked) {
            return begin(bytes.remaining()) {
                transport.write(bytes)
                room()
            }
        }
        val copy = ByteArray(bytes.remaining())
        bytes.get(copy)
        return begin(copy)
    }

    private inline fun begin(size: Int, write: () -> Deferred<Unit>): Deferred<Unit> {
        ended?.let { return fail(it) }
        if (size == 0) return behind?.begin(NOTHING) ?: fair(succeed(Unit)) // the sink behind counts these too
        if (left >= 0) {
            if (size > left) return fail(IllegalStateException("The body is longer than the length that was announced."))
            left -= size
        }
        begun()
        total += size
        return fair(write()).also { written?.invoke(size) }
    }

    /** For the connection: the head belongs before whatever follows. */
    @JvmSynthetic
    internal fun begun() {
        val begin = beforeFirst ?: return
        beforeFirst = null
        begin()
    }

    /** A peer that takes all of it at once would otherwise let a loop of the program go on for as long as it likes. */
    private fun fair(room: Deferred<Unit>): Deferred<Unit> {
        if (passOn != null) return room // the sink behind counts
        if (!room.called) {
            inARow = 0
            return room
        }
        if (++inARow < AT_ONCE) return room
        inARow = 0
        return room.addAsyncCallback {
            val turn = Deferred<Unit>()
            loop.later { if (!turn.called) turn.callback(Unit) }
            turn
        }
    }

    /**
     * A sink before this one, for [length] bytes, or any number when that is -1. This one gets what [change] makes of the bytes of each write. [end] it
     * when that is not to be called any more.
     */
    @JvmSynthetic
    internal fun through(length: Long, change: (ByteArray) -> ByteArray): BodySink =
        BodySink(reactor, loop, transport, isChunked = false, length, room, { bytes -> begin(change(bytes)) }, behind = this)

    /** For the connection: nothing more is written. False when the body is shorter than its head says. */
    @JvmSynthetic
    internal fun end(): Boolean {
        rest?.let { begin(it()).addCallbacks({ }) { } }
        ended = IllegalStateException("The body has ended: nothing can be written behind it.")
        stop()
        if (isChunked) HttpWriter.lastChunk(transport, trailers)
        return left <= 0
    }

    /** For the connection: nothing can be written any more, because of [reason]. */
    @JvmSynthetic
    internal fun cut(reason: Throwable) {
        ended = reason
        beforeFirst = null
        stop()
    }

    /** Nobody takes the pieces that would still come. */
    private fun stop() {
        sending?.also { sending = null }?.cancel()
    }

    @JvmSynthetic
    internal suspend fun awaiting(stage: CompletionStage<*>) {
        stage.toDeferred(loop::execute).await()
    }

    private companion object {
        const val AT_ONCE = 64
        val NOTHING = ByteArray(0)
    }
}

/** The writer of a body has ended, and not written as much as its head says. */
internal fun bodyTooShort() = IllegalStateException("The body is shorter than the length that was announced.")
