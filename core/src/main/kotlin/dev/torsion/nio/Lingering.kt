// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.clock.DelayedCall
import dev.torsion.loop.reportFailure
import java.io.IOException
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel
import java.util.concurrent.TimeUnit

/**
 * A connection that we have closed and the peer has not. To close its socket makes the operating system answer whatever the peer is
 * still sending with a reset, which may destroy what we sent last before the peer has read it. So only our half is closed, and what
 * comes is thrown away, until the peer closes or a limit of time or bytes is reached (RFC 1122, 4.2.2.13; nginx calls it a lingering
 * close). The protocol knows nothing of it: for it the connection is gone.
 */
internal class Lingering private constructor(
    private val reactor: NioEngine,
    private val channel: SocketChannel,
    private val key: SelectionKey,
) : Selectable {
    private var left = MOST_BYTES
    private var isClosed = false
    private val deadline: DelayedCall = reactor.callLater(MOST_SECONDS, TimeUnit.SECONDS, ::close)

    override fun ready(operations: Int) {
        val count =
            try {
                reactor.readBuffer.readFrom(channel)
            } catch (e: Throwable) {
                // Reset by the peer: the end, all the same. Anything else would come again in each turn.
                if (e !is IOException) reactor.reportFailure(e) { "reading what is thrown away of $this" }
                -1
            }
        left -= count
        if (count < 0 || left <= 0) close()
    }

    /** To close the socket now could destroy what was sent last. */
    override fun reactorStopping() {
        if (!isClosed) reactor.streams.drains(this) // the selector may know of it still
    }

    override fun reactorStopped() = close()

    private fun close() {
        isClosed = true
        if (deadline.isActive) deadline.cancel()
        key.cancel()
        try {
            channel.close()
        } catch (e: Throwable) {
            reactor.reportFailure(e) { "closing $this" }
        }
        reactor.streams.hasDrained(this)
    }

    override fun toString() = "Lingering($channel)"

    companion object {
        private const val MOST_SECONDS = 2L
        private const val MOST_BYTES = 4L * 1024 * 1024

        /** Begins to linger; false when the connection is broken, so that there is nobody to linger for. */
        fun begin(reactor: NioEngine, channel: SocketChannel, key: SelectionKey): Boolean {
            try {
                channel.shutdownOutput()
            } catch (_: IOException) {
                return false
            }
            val lingering = Lingering(reactor, channel, key)
            key.attach(lingering)
            key.interestOps(SelectionKey.OP_READ)
            if (reactor.isEnding) reactor.streams.drains(lingering)
            return true
        }
    }
}
