// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.spi.StreamChannel
import dev.torsion.stream.StreamLoop
import dev.torsion.stream.WriteLimit
import dev.torsion.stream.WriteQueue
import java.io.IOException
import java.nio.ByteBuffer

/**
 * Records of our own on their way to [lower]. Bytes that it does not take wait, behind [queue], which was written before TLS began.
 *
 * Thread: the loop's.
 */
internal class RecordOutput(private val loop: StreamLoop, private val lower: StreamChannel, private var queue: WriteQueue?) {
    private var isAsking = queue != null
    private var isEndDue = false

    /** Why [lower] could not send; null while it can. */
    var failure: IOException? = null
        private set

    /** How many bytes wait. */
    val size: Long get() = queue?.size ?: 0

    val isEmpty: Boolean get() = size == 0L

    /** Asks [lower] to say when it has room, from the beginning, if something waits already. */
    fun start() {
        if (isAsking) lower.notifyWhenWritable(true)
    }

    /** Sends [records], behind what waits; true when some of them wait too. */
    fun push(records: ByteBuffer): Boolean {
        if (!records.hasRemaining()) return false
        if (isEmpty) send(records)
        if (!records.hasRemaining()) return false
        val waiting = queue ?: WriteQueue(loop.streams.chunks, WriteLimit(Long.MAX_VALUE)).also { queue = it }
        waiting.append(records)
        return true
    }

    private fun send(records: ByteBuffer) {
        try {
            lower.send(records)
        } catch (e: IOException) {
            failure = e
            throw e
        }
    }

    /** Sends of what waits as much as [lower] takes; true when nothing waits any more. */
    fun flush(): Boolean {
        queue?.let {
            it.sendTo(lower)
            if (it.size > 0) return false
            it.release()
            queue = null
        }
        if (isEndDue) {
            isEndDue = false
            lower.endOutput()
        }
        return true
    }

    /** Ends the half of [lower] behind what waits. */
    fun end() {
        if (isEmpty) lower.endOutput() else isEndDue = true
    }

    /** Whether [lower] is to say when it has room: it is while something waits, and when [isWanted]. */
    fun ask(isWanted: Boolean) {
        val asks = isWanted || !isEmpty
        if (asks == isAsking) return
        isAsking = asks
        lower.notifyWhenWritable(asks)
    }

    fun release() {
        queue?.release()
        queue = null
    }
}
