// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.loop.SpareMemory
import java.nio.ByteBuffer

/**
 * Where a loop gathers what one connection writes, to send it with one system call at the end of the batch. One per loop; it
 * belongs to one connection at a time, and is sent when another one claims it.
 */
internal class WriteStage {
    /** The gathered bytes, from 0 to the position. */
    var buffer: ByteBuffer = ByteBuffer.allocateDirect(CAPACITY)
        private set

    private var flushing: ByteBuffer? = null // it is being sent, and user code that hears of it may write to another connection
    private val spare = ArrayList<ByteBuffer>(0)

    /** Whose bytes they are. */
    var owner: StreamTransport? = null
        private set

    /** Makes the stage [transport]'s, after sending what another one has left in it. */
    fun claim(transport: StreamTransport) {
        if (owner === transport) return
        flush()
        if (buffer === flushing) buffer = spare.removeLastOrNull() ?: SpareMemory.SHARED.take(CAPACITY) ?: ByteBuffer.allocate(CAPACITY)
        owner = transport
    }

    /**
     * Sends what is gathered, and what is written to other connections meanwhile, as by TLS behind a wrapper; afterwards the stage is empty
     * and nobody's.
     */
    fun flush() {
        while (true) sendOf(owner ?: return, null)
    }

    /**
     * [flush], with [data] of the owner's behind what is gathered: it is sent as it is, without a copy, and has nothing left afterwards.
     */
    fun flushWith(data: ByteBuffer) {
        sendOf(owner ?: return, data)
        flush()
    }

    private fun sendOf(sender: StreamTransport, data: ByteBuffer?) {
        val full = buffer
        val outer = flushing
        owner = null
        flushing = full
        full.flip()
        try {
            when {
                data == null -> if (full.hasRemaining()) sender.send(full)
                full.hasRemaining() -> sender.send(full, data)
                else -> sender.send(data)
            }
        } finally {
            full.clear()
            flushing = outer
            if (buffer !== full && spare.size < MOST_SPARE) spare.add(full)
        }
    }

    /** Forgets what [transport] has gathered. */
    fun drop(transport: StreamTransport) {
        if (owner !== transport) return
        owner = null
        buffer.clear()
    }

    private companion object {
        const val CAPACITY = 128 * 1024
        const val MOST_SPARE = 2
    }
}
