// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.datagram

import java.net.InetSocketAddress
import java.nio.ByteBuffer

/** Datagrams that wait for the operating system to take them, at most [limit] bytes, each counted with [OVERHEAD] more. */
internal class SendQueue(private val limit: Long) {
    private val waiting = ArrayDeque<Waiting>()
    private var charged = 0L

    class Waiting(val data: ByteBuffer, val target: InetSocketAddress)

    /** How many bytes wait. */
    var size = 0L
        private set

    val count get() = waiting.size

    /** Copies [data], to its end; false when there is no room. */
    fun add(data: ByteBuffer, target: InetSocketAddress): Boolean {
        val length = data.remaining()
        if (charged + length + OVERHEAD > limit) return false
        waiting.addLast(Waiting(ByteBuffer.allocate(length).put(data).flip(), target))
        charged += length + OVERHEAD
        size += length
        return true
    }

    fun first(): Waiting? = waiting.firstOrNull()

    fun removeFirst() {
        val length = waiting.removeFirst().data.capacity()
        charged -= length + OVERHEAD
        size -= length
    }

    private companion object {
        const val OVERHEAD = 64
    }
}
