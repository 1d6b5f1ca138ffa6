// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.LoopingCall
import java.time.Duration
import java.util.function.Function
import java.util.function.Predicate

/**
 * The messages that [connection] sends again and again, until it sends no more, and those of the peer that it answers at once; [idle] hears of
 * what is sent. On the connection's thread.
 */
internal class ConnectionBeats<T : Any>(private val connection: CodecConnection<T>, private val idle: IdleWatch?) {
    private val all = ArrayList<Beat>(1)
    private var isBeat: Predicate<in T>? = null
    private var answer: Function<in T, out T?> = Function { null }

    /** Messages that are heartbeats go to [answer] from now on, and to nobody else. */
    fun answering(isBeat: Predicate<in T>, answer: Function<in T, out T?>) {
        check(this.isBeat == null) { "$connection answers heartbeats already" }
        this.isBeat = isBeat
        this.answer = answer
    }

    /** Whether [message] is a heartbeat of the peer, which is dealt with here. */
    fun takes(message: T): Boolean {
        if (isBeat?.test(message) != true) return false
        val reply = answer.apply(message)
        if (reply != null && !connection.isSendingOver) sendIfRead(connection.codec.encode(reply))
        return true
    }

    /** Nobody needs a heartbeat that waits behind much else, and a peer that reads none must not make them pile up. */
    private fun sendIfRead(bytes: ByteArray) {
        if (!connection.isWritable) return
        idle?.sent() // it is no answer of the handler's, whose time goes on
        connection.transport.write(bytes)
    }

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
        ending.forEach { it.close() }
    }

    private inner class Beat(private val bytes: ByteArray) : AutoCloseable {
        private val calls = LoopingCall(connection.clock) { send() }

        fun start(interval: Duration) {
            all.add(this)
            calls.start(interval, now = false)
        }

        private fun send() {
            if (connection.isSendingOver) return end()
            sendIfRead(bytes)
        }

        override fun close() {
            if (!calls.isRunning) return
            calls.stop()
            all.remove(this)
        }
    }
}
