// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.nio.ByteBuffer

/**
 * Memory that the TLS connections of one loop share. It is on the heap, where the JDK's ciphers work fastest. A connection borrows for the
 * time of a call; only a record that has not come whole yet stays in a buffer of its connection.
 *
 * Thread: the loop's.
 */
internal class TlsBuffers {
    private val records = Spares(MOST_RECORDS) { ByteBuffer.allocate(TlsRecord.MOST_BYTES) }
    private val outputs = Spares(MOST_SCRATCH) { ByteBuffer.allocate(BATCH) }
    private val plains = Spares(MOST_SCRATCH) { Plain() }

    /** For one record of the peer's. */
    fun takeRecord(): ByteBuffer = records.take()

    fun giveRecord(buffer: ByteBuffer) = records.give(buffer.clear())

    /** For records of our own. */
    fun takeOutput(): ByteBuffer = outputs.take()

    fun giveOutput(buffer: ByteBuffer) = outputs.give(buffer.clear())

    /** For the content of records. */
    fun takePlain(): Plain = plains.take()

    fun givePlain(plain: Plain) {
        plain.bytes.clear()
        plains.give(plain)
    }

    /** Content, and a view of it to lend. */
    class Plain {
        val bytes: ByteBuffer = ByteBuffer.allocate(BATCH)
        private val view = bytes.asReadOnlyBuffer()

        /** A view of all content, which is then gone. */
        fun lend(): ByteBuffer {
            view.limit(bytes.position()).position(0)
            bytes.clear()
            return view
        }
    }

    private class Spares<T : Any>(private val most: Int, private val make: () -> T) {
        private val spare = ArrayDeque<T>()

        fun take(): T = spare.removeLastOrNull() ?: make()

        fun give(one: T) {
            if (spare.size < most) spare.addLast(one)
        }
    }

    companion object {
        /** The content of four records, and what four records take. */
        const val BATCH = 4 * 17 * 1024

        private const val MOST_RECORDS = 64 // a MiB and more
        private const val MOST_SCRATCH = 4 // one inside of another, as in TLS over TLS
    }
}
