// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.LoopingCall
import java.time.Duration

/** The messages that [connection] sends again and again, until it sends no more; [idle] hears of them. On the connection's thread. */
internal class Heartbeats(private val connection: CodecConnection<*>, private val idle: IdleWatch?) {
    private val all = ArrayList<Beat>(1)

    /** Sends [bytes] every [interval], the first time after one, until what this gives is closed. */
    fun every(interval: Duration, bytes: ByteArray): AutoCloseable {
        require(interval > Duration.ZERO) { "an interval must be positive, but is $interval" }
        val beat = Beat(bytes)
        if (!connection.isSendingOver) beat.start(interval)
        return beat
    }

    /** None comes behind the last message. */
    fun end() {
        val ending = all.toList()
        all.clear()
        ending.forEach(Beat::close)
    }

    private inner class Beat(private val bytes: ByteArray) : AutoCloseable {
        private val calls = LoopingCall(connection.clock) { send() }

        fun start(interval: Duration) {
            all.add(this)
            calls.start(interval, now = false)
        }

        private fun send() {
            if (connection.isSendingOver) return end()
            if (!connection.isWritable) return
            idle?.sent() // it is no answer of the handler's, whose time goes on
            connection.transport.write(bytes)
        }

        override fun close() {
            if (!calls.isRunning) return
            calls.stop()
            all.remove(this)
        }
    }
}
