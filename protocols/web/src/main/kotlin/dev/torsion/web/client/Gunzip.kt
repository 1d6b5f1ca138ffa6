// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import java.util.zip.CRC32

/** `gzip` (RFC 1952): one member, or several. */
internal class Gunzip : Decoder {
    private val inflating = Inflating("gzip", hasNoWrap = true)
    private val sum = CRC32()
    private var bytes = ByteArray(0) // the input; what stands before [at] is done
    private var at = 0
    private var state = State.HEAD
    private var hasBegun = false // a member, so the next one may not be there

    private enum class State { HEAD, DATA, TAIL }

    private val left get() = bytes.size - at

    override fun input(bytes: ByteArray) {
        if (state == State.DATA) {
            this.bytes = bytes
            inflating.input(bytes)
        } else {
            this.bytes = if (left == 0) bytes else this.bytes.copyOfRange(at, this.bytes.size) + bytes
        }
        at = 0
    }

    override fun output(): ByteArray? {
        while (true) {
            when (state) {
                State.HEAD -> if (!head()) return null

                State.DATA -> {
                    val piece = inflating.output()
                    if (piece != null) sum.update(piece)
                    if (inflating.isFinished) {
                        at = bytes.size - inflating.remaining
                        state = State.TAIL
                    }
                    if (piece != null || state == State.DATA) return piece
                }

                State.TAIL -> if (!tail()) return null
            }
        }
    }

    /** Reads the head of a member. False when it is not all there. */
    private fun head(): Boolean {
        for (i in MAGIC.indices) if (i < left && bytes[at + i] != MAGIC[i]) throw notGzip()
        if (left < HEAD) return false
        val flags = bytes[at + 3].toInt()
        if (flags and RESERVED != 0) throw notGzip()
        var size = HEAD
        if (flags and EXTRA != 0) size += 2 + if (left < HEAD + 2) left else byte(HEAD) + 256 * byte(HEAD + 1)
        for (flag in TEXTS) {
            if (flags and flag == 0) continue
            while (size < left && byte(size) != 0) size++
            size++
        }
        if (flags and HEAD_SUM != 0) size += 2
        if (minOf(size, left) > MOST_HEAD) throw ContentCodingException("A body in gzip has a head of more than $MOST_HEAD bytes.")
        if (size > left) return false
        hasBegun = true
        inflating.reset()
        sum.reset()
        inflating.input(bytes, at + size)
        state = State.DATA
        return true
    }

    /** Reads the end of a member. False when it is not all there. */
    private fun tail(): Boolean {
        if (left < TAIL) return false
        if (number(0) != sum.value || number(4) != inflating.written and 0xffffffffL) {
            throw ContentCodingException("A body in gzip has not the check sum or the length that its end says.")
        }
        at += TAIL
        state = State.HEAD
        return true
    }

    private fun byte(index: Int) = bytes[at + index].toInt() and 255

    private fun number(index: Int): Long = (3 downTo 0).fold(0L) { sum, i -> (sum shl 8) or byte(index + i).toLong() }

    private fun notGzip() = ContentCodingException(
        if (hasBegun) "There is something behind the end of a body in gzip." else "A body is not in gzip, as its head says.",
    )

    override fun end() {
        if (state != State.HEAD || left > 0) throw ContentCodingException("A body in gzip ends before its end.")
    }

    override fun close(): Unit = inflating.close()

    private companion object {
        val MAGIC = byteArrayOf(0x1f, 0x8b.toByte(), 8)
        const val HEAD = 10
        const val TAIL = 8
        const val MOST_HEAD = 16 * 1024
        const val HEAD_SUM = 2
        const val EXTRA = 4
        const val RESERVED = 0xe0
        val TEXTS = listOf(8, 16) // a name and a comment
    }
}
