// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.loop.SpareMemory
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.DatagramChannel
import java.nio.channels.ReadableByteChannel

/**
 * The one buffer that a loop reads into. Protocols see it through a read-only view that is valid during their call. It grows when a
 * read fills it: a byte of a large read costs much less than one of a small read. Where there is no memory for that, it stays as it is.
 */
internal class ReadBuffer(private val memory: SpareMemory = SpareMemory.SHARED) {
    private var buffer = ByteBuffer.allocateDirect(SMALLEST)
    private var view = buffer.asReadOnlyBuffer()

    private var isSmall = false

    /** True when the last read left no room, so that more may be waiting. */
    var wasFilled = false
        private set

    /** Reads once, at most [limit] bytes; how many came, or -1 at the end of the stream. */
    fun readFrom(channel: ReadableByteChannel, limit: Int = LARGEST): Int {
        if (isSmall && limit > buffer.capacity()) grow()
        buffer.clear()
        if (limit < buffer.capacity()) buffer.limit(maxOf(limit, 1))
        val count = channel.read(buffer)
        wasFilled = !buffer.hasRemaining()
        isSmall = count == buffer.capacity() && count < LARGEST
        return count
    }

    /** Receives a datagram, at most its first [limit] bytes; who has sent it, or null when there is none. [received] says how many came. */
    fun receiveFrom(channel: DatagramChannel, limit: Int): SocketAddress? {
        buffer.clear()
        if (limit < buffer.capacity()) buffer.limit(limit)
        val sender = channel.receive(buffer)
        received = buffer.position()
        return sender
    }

    /** How many bytes the last datagram had. */
    var received = 0
        private set

    /** The first [count] bytes of the last read. */
    fun view(count: Int): ByteBuffer = view.clear().order(ByteOrder.BIG_ENDIAN).limit(count)

    private fun grow() {
        buffer = memory.take(buffer.capacity() * 2) ?: return
        view = buffer.asReadOnlyBuffer()
    }

    private companion object {
        const val SMALLEST = 64 * 1024
        const val LARGEST = 256 * 1024
    }
}
