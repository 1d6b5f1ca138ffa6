// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.nio.ByteBuffer

/** A channel with [room] for so many bytes, which tells how it was given them. */
private class Roomy(var room: Int) : TestChannel() {
    val taken = ByteArrayOutputStream()
    val calls = ArrayList<List<Int>>()
    val failure = IOException("Connection reset by peer")
    var error: IOException? = null
    var asksForRoom = false

    override fun send(data: ByteBuffer): Int = send(arrayOf(data)).toInt()

    override fun send(data: Array<ByteBuffer>): Long {
        error?.let { throw it }
        calls.add(data.map { it.remaining() })
        var sum = 0L
        for (buffer in data) {
            while (room > 0 && buffer.hasRemaining()) {
                taken.write(buffer.get().toInt())
                room--
                sum++
            }
        }
        return sum
    }

    override fun notifyWhenWritable(on: Boolean) {
        asksForRoom = on
    }
}

/** Bytes that were gathered and direct memory behind them go to the system together. */
class GatheredWriteSpec :
    FunSpec({
        val head = ByteArray(200) { 'h'.code.toByte() }
        val body = ByteArray(64 * 1024) { it.toByte() }
        val tail = ByteArray(70) { 't'.code.toByte() }

        fun direct(bytes: ByteArray): ByteBuffer = ByteBuffer.allocateDirect(bytes.size).put(bytes).flip()

        /** Why the connection has ended behind [test]; null when it has not. */
        fun writing(channel: Roomy, test: (StreamTransport) -> Unit): CloseReason? = withReactor { reactor ->
            var reason: CloseReason? = null
            reactor.onLoop {
                val protocol =
                    object : Protocol() {
                        override fun connectionLost(reason: CloseReason) = Unit
                    }
                val transport = StreamTransport.over(reactor.capability(StreamLoop::class.java)!!, channel, StreamOptions.DEFAULT) {
                    reason = it
                }
                transport.start(protocol)
                test(transport)
            }
            reactor.onLoop { reason }
        }

        test("a head and the direct memory behind it are one call of the channel, without a copy") {
            val channel = Roomy(Int.MAX_VALUE)
            writing(channel) { transport ->
                val memory = direct(body)
                transport.write(head)
                transport.write(memory)
                channel.calls shouldBe listOf(listOf(head.size, body.size))
                channel.taken.toByteArray() shouldBe head + body
                memory.hasRemaining() shouldBe false
                transport.write(direct(body))
                channel.calls.last() shouldBe listOf(body.size)
            }
        }

        test("what the channel does not take waits behind it, in order, wherever the channel stops") {
            for (room in listOf(0, 1, head.size - 1, head.size, head.size + 1, body.size, head.size + body.size)) {
                withClue(room) {
                    val channel = Roomy(room)
                    writing(channel) { transport ->
                        transport.write(head)
                        transport.write(direct(body))
                        transport.bufferedBytes shouldBe (head.size + body.size - room).toLong()
                        channel.asksForRoom shouldBe (room < head.size + body.size)
                        transport.write(tail)
                        channel.room = Int.MAX_VALUE
                        channel.handler.outputReady()
                        transport.write(direct(body))
                        channel.taken.toByteArray() shouldBe head + body + tail + body
                    }
                }
            }
        }

        test("a channel that fails ends the connection, and nothing of it is sent later") {
            val channel = Roomy(Int.MAX_VALUE)
            val reason = writing(channel) { transport ->
                val memory = direct(body)
                channel.error = channel.failure
                transport.write(head)
                transport.write(memory)
                memory.hasRemaining() shouldBe false
                channel.error = null
                transport.write(direct(body))
                channel.taken.size() shouldBe 0
            }
            reason.shouldBeInstanceOf<ConnectionLost>().cause shouldBe channel.failure
        }
    })
