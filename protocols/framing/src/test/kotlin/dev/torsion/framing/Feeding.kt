// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.ProtocolViolationException
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer

/** Remembers what a [FrameReader] delivers. */
class Frames : FrameConsumer {
    val received = ArrayList<ByteArray>()
    var violation: ProtocolViolationException? = null
    var rest: ByteArray? = null
    var ended = false
    var truncated: TruncatedFrameException? = null
    var ready = true

    override fun isReady() = ready

    override fun frameReceived(frame: ByteBuffer) {
        received.add(frame.copyOut())
    }

    override fun frameRefused(violation: ProtocolViolationException, rest: ByteBuffer) {
        check(this.violation == null) { "refused twice: $violation" }
        this.violation = violation
        this.rest = rest.copyOut()
    }

    override fun inputEnded(truncated: TruncatedFrameException?) {
        check(!ended) { "ended twice" }
        ended = true
        this.truncated = truncated
    }
}

/** Feeds [pieces] one after the other, each in a buffer that is garbage afterwards and has bytes around it. */
fun Framing.read(pieces: Iterable<ByteArray>): Frames {
    val frames = Frames()
    val reader = FrameReader(newDecoder(), frames)
    for (piece in pieces) reader.feedLent(piece)
    reader.end()
    return frames
}

fun FrameReader.feedLent(piece: ByteArray) {
    val around = 3
    val lent = ByteBuffer.allocateDirect(piece.size + 2 * around)
    lent.position(around).put(piece).flip().position(around)
    val view = lent.asReadOnlyBuffer()
    feed(view)
    check(view.position() == view.limit() && view.limit() == around + piece.size) { "the buffer was left at $view" }
    for (i in 0 until lent.capacity()) lent.clear().put(i, 0x5A)
}

fun Framing.encoded(vararg payloads: ByteArray): ByteArray {
    val bytes = ByteArrayOutputStream()
    payloads.forEach { encode(it, bytes::write) }
    return bytes.toByteArray()
}

fun ByteArray.oneByOne(): List<ByteArray> = map { byteArrayOf(it) }

fun ByteArray.splitAt(vararg places: Int): List<ByteArray> =
    (listOf(0) + places.sorted() + size).zipWithNext { from, to -> copyOfRange(from, to) }

/** Places at which to cut [size] bytes into pieces. */
fun cuts(size: Int): Arb<List<Int>> = Arb.list(Arb.int(0..size), 0..12)

fun List<ByteArray>.hex(): List<String> = map { it.toHexString() }

fun bytes(hex: String): ByteArray = hex.replace(" ", "").hexToByteArray()
