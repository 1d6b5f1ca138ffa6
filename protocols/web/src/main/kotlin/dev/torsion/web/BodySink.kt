// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.Deferred
import dev.torsion.defer.ScopeExecutor
import dev.torsion.defer.await
import dev.torsion.defer.awaitOnLoop
import dev.torsion.defer.fail
import dev.torsion.defer.futureOnLoop
import dev.torsion.defer.succeed
import dev.torsion.defer.toDeferred
import dev.torsion.net.Transport
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/**
 * Takes the body of a message as it is made: [write] in Kotlin, [send] in Java. Each of them waits until the peer has taken enough of the
 * bytes written before. It fails when the connection has ended, and when the body gets longer than the length that was announced.
 *
 * Thread: any, one write at a time.
 */
public class BodySink internal constructor(
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
        if (size == 0) return succeed(Unit)
        if (left >= 0) {
            if (size > left) return fail(IllegalStateException("The body is longer than the length that was announced."))
            left -= size
        }
        total += size
        return write().also { written?.invoke(size) }
    }

    /**
     * A sink before this one, for [length] bytes, or any number when that is -1. This one gets what [change] makes of the bytes of each write. [end] it
     * when that is not to be called any more.
     */
    @JvmSynthetic
    internal fun through(length: Long, change: (ByteArray) -> ByteArray): BodySink =
        BodySink(loop, transport, isChunked = false, length, room, { bytes -> begin(change(bytes)) }, behind = this)

    /** For the connection: nothing more is written. False when the body is shorter than its head says. */
    @JvmSynthetic
    internal fun end(): Boolean {
        rest?.let { begin(it()).addCallbacks({ }) { } }
        ended = IllegalStateException("The body has ended: nothing can be written behind it.")
        if (isChunked) HttpWriter.lastChunk(transport, trailers)
        return left <= 0
    }

    /** For the connection: nothing can be written any more, because of [reason]. */
    @JvmSynthetic
    internal fun cut(reason: Throwable) {
        ended = reason
    }

    @JvmSynthetic
    internal suspend fun awaiting(stage: CompletionStage<*>) {
        stage.toDeferred(loop::execute).await()
    }
}

/** The writer of a body has ended, and not written as much as its head says. */
internal fun bodyTooShort() = IllegalStateException("The body is shorter than the length that was announced.")
