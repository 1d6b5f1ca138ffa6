// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.log.Logger
import java.util.Objects
import java.util.concurrent.Callable
import java.util.concurrent.atomic.AtomicBoolean
import java.util.stream.Stream

/**
 * The pieces of a body that an iterator of the program's gives, or a stream that is [opened][open] for them; and what is closed behind
 * them.
 *
 * Thread: one at a time, except for [begin].
 */
internal class OwnedPieces private constructor(
    private var pieces: Iterator<ByteArray>?,
    private val open: Callable<out Stream<ByteArray>>?,
) {
    constructor(pieces: Iterator<ByteArray>) : this(pieces, null)

    constructor(open: Callable<out Stream<ByteArray>>) : this(null, open)

    private val isBegun = AtomicBoolean()
    private var owner: AutoCloseable? = pieces as? AutoCloseable

    /** Whether this is the first call: who gets that has to close it. */
    fun begin(): Boolean = isBegun.compareAndSet(false, true)

    /** The next piece; null at the end. One that is null in a program of Java is a fault, and no end: the body would look whole. */
    fun next(): ByteArray? = ofProgram("The source of a body has failed.") {
        val iterator = pieces ?: opened().also { pieces = it }
        if (iterator.hasNext()) Objects.requireNonNull(iterator.next(), "The source of a body has given null.") else null
    }

    private fun opened(): Iterator<ByteArray> {
        val stream = open!!.call()
        owner = stream
        return stream.iterator()
    }

    /** Gives [take] all pieces, and closes them. */
    inline fun each(take: (ByteArray) -> Unit) {
        var failure: Throwable? = null
        try {
            while (true) take(next() ?: break)
        } catch (e: Throwable) {
            failure = e
            throw e
        } finally {
            close(failure)
        }
    }

    /** A failure of closing is told beside [failure]. It does not end a body that is whole. */
    fun close(failure: Throwable?) {
        try {
            owner?.close()
        } catch (e: Throwable) {
            if (failure == null) {
                log.failure("The source of a body cannot be closed", e)
            } else if (failure !== e) {
                failure.addSuppressed(e)
            }
        }
    }

    private companion object {
        val log = Logger(BodySink::class.java)
    }
}
