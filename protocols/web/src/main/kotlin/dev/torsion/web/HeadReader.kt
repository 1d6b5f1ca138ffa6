// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.nio.ByteBuffer

/**
 * Reads the head of a message, which may come in pieces. Its bytes are copied to an array once, and looked at once. So the verdict hangs on
 * the bytes, and never on how they come.
 */
internal class HeadReader(private val isRequest: Boolean, private val limits: HttpLimits) {
    private val startLine = StartLine(isRequest, limits.maxUrlBytes)
    private val fields = FieldLines(limits.maxFields)
    private var bytes = NOTHING // from the first byte of the first line on
    private var filled = 0
    private var at = 0 // what is before it has been looked at
    private var lineEnd = 0

    /** Whether a head has begun, and not ended. */
    val isBegun: Boolean get() = startLine.isBegun

    /** Takes bytes from [view] up to the end of the head. Null while that has not come. */
    fun read(view: ByteBuffer, isToHead: Boolean): MessageHead? {
        startLine.skipEmptyLines(view)
        while (view.hasRemaining()) {
            take(view)
            look()
            if (!fields.isDone) continue
            view.position(view.position() - (filled - at))
            return head(isToHead).also { reset(keepsArray = view.hasRemaining()) }
        }
        return null
    }

    private fun take(view: ByteBuffer) {
        val count = minOf(view.remaining(), MOST_AT_ONCE)
        if (filled + count > bytes.size) bytes = bytes.copyOf(if (filled == 0) count else maxOf(2 * bytes.size, filled + count))
        view.get(bytes, filled, count)
        filled += count
    }

    private fun look() {
        if (!startLine.isDone) {
            val most = limits.maxUrlBytes + BESIDES
            at = startLine.check(bytes, at, minOf(filled, most))
            if (!startLine.isDone) return checkEnd(most)
            lineEnd = at
        }
        val most = lineEnd + limits.maxHeadBytes
        at = fields.read(bytes, at, minOf(filled, most))
        if (!fields.isDone) checkEnd(most)
    }

    private fun checkEnd(most: Int) {
        if (filled > most) throw HttpViolationException("The head is too large.", 431, "maxHeadBytes")
    }

    private fun head(isToHead: Boolean): MessageHead {
        val headers = fields.headers()
        return if (isRequest) {
            HeadRules.request(startLine.method(bytes), startLine.target(bytes), startLine.isHttp11, headers)
        } else {
            HeadRules.response(startLine.status(bytes), startLine.reason(bytes), startLine.isHttp11, headers, isToHead)
        }
    }

    /** An idle connection needs no array. */
    private fun reset(keepsArray: Boolean) {
        startLine.reset()
        fields.reset()
        filled = 0
        at = 0
        if (!keepsArray) bytes = NOTHING
    }

    private companion object {
        /** Room for a method and a version beside the target. */
        const val BESIDES = 80

        /** Bytes behind the end of a head are copied in vain. */
        const val MOST_AT_ONCE = 1024

        val NOTHING = ByteArray(0)
    }
}
