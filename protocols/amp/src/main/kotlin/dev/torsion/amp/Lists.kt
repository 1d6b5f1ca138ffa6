// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.amp

import dev.torsion.net.ProtocolViolationException
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.util.Collections

/** Twisted's `ListOf`. */
internal class ListType<T : Any>(private val type: AmpType<T>) : AmpType<List<T>>("ListOf(${type.name})") {
    override fun encode(value: List<T>): ByteArray {
        val out = ByteArrayOutputStream()
        for ((index, item) in value.withIndex()) {
            val bytes = inItem(index) { type.encode(item) }
            if (bytes.size > AmpBox.MAX_VALUE_LENGTH) refuse("item $index has ${bytes.size} bytes, but may have ${AmpBox.MAX_VALUE_LENGTH}")
            out.write(bytes.size ushr 8)
            out.write(bytes.size)
            out.write(bytes)
            if (out.size() > AmpBox.MAX_VALUE_LENGTH) refuse("all items together have more than ${AmpBox.MAX_VALUE_LENGTH} bytes")
        }
        return out.toByteArray()
    }

    override fun decode(bytes: ByteArray): List<T> {
        val input = ByteBuffer.wrap(bytes)
        val items = ArrayList<T>()
        while (input.hasRemaining()) {
            val length = if (input.remaining() < LENGTH) Int.MAX_VALUE else input.getShort().toInt() and AmpBox.MAX_VALUE_LENGTH
            if (length > input.remaining()) refuse("its last item is cut off") // Twisted leaves that item out
            items.add(inItem(items.size) { type.decode(ByteArray(length).also { input.get(it) }) })
        }
        return Collections.unmodifiableList(items)
    }
}

/** Twisted's `AmpList`. */
internal class RowsType(private val row: Arguments) : AmpType<List<Values>>("AmpList") {
    override fun encode(value: List<Values>): ByteArray {
        val out = ByteArrayOutputStream()
        for ((index, values) in value.withIndex()) {
            out.write(inItem(index) { row.encode(values) })
            if (out.size() > AmpBox.MAX_VALUE_LENGTH) refuse("all rows together have more than ${AmpBox.MAX_VALUE_LENGTH} bytes")
        }
        return out.toByteArray()
    }

    override fun decode(bytes: ByteArray): List<Values> {
        val input = ByteBuffer.wrap(bytes)
        val decoder = AmpBoxDecoder(WITHIN_A_VALUE)
        val rows = ArrayList<Values>()
        while (input.hasRemaining()) {
            val box =
                try {
                    decoder.decode(input) ?: refuse("its last row is cut off") // Twisted leaves that row out
                } catch (e: ProtocolViolationException) {
                    refuse("row ${rows.size}: ${e.message}", e)
                }
            rows.add(inItem(rows.size) { row.decode(box) })
        }
        return Collections.unmodifiableList(rows)
    }

    private companion object {
        val WITHIN_A_VALUE = AmpLimits.DEFAULT.withMaxPairs(AmpBox.MAX_VALUE_LENGTH).withMaxBoxBytes(AmpBox.MAX_VALUE_LENGTH)
    }
}

private inline fun <R> inItem(index: Int, work: () -> R): R = try {
    work()
} catch (e: IllegalArgumentException) {
    refuse("item $index: ${e.message}", e)
} catch (e: AmpException) {
    refuse("item $index: ${e.message}", e)
} catch (e: ProtocolViolationException) {
    refuse("item $index: ${e.message}", e)
}
