// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import com.sun.management.ThreadMXBean
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import kotlin.coroutines.Continuation
import kotlin.coroutines.startCoroutine

/** The cost of a message in the suspend voice beyond its own bytes. */
class ReceiveCostSpec :
    StringSpec({
        val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

        "to resume a waiting receive allocates nothing" {
            val one = "message"
            val same = Codec(
                LineFraming(),
                object : Content<String> {
                    override fun decode(frame: ByteBuffer) = one

                    override fun encode(value: String) = value.encodeToByteArray()
                },
            )
            var made: MessageConnection<String>? = null
            val protocol = ConnectionFactory(MemoryReactor(), same) { made = it }.buildProtocol(StringTransport().peer())!!
            val transport = StringTransport().connect(protocol)
            var received = 0
            // Not by a builder: with assertions on, those name the thread after the coroutine, each time that it goes on.
            val receiving: suspend () -> Unit = { while (true) if (made!!.receive() === one) received++ }
            receiving.startCoroutine(Continuation(transport.scope.coroutineContext) { it.getOrThrow() })
            val read = ByteBuffer.wrap("message\r\n".repeat(500).encodeToByteArray()).asReadOnlyBuffer()
            repeat(4000) { protocol.dataReceived(read.clear()) }
            val rounds = 4000
            val before = threads.currentThreadAllocatedBytes
            repeat(rounds) { protocol.dataReceived(read.clear()) }
            val allocated = threads.currentThreadAllocatedBytes - before
            received shouldBe 500 * 8000
            allocated.toDouble() / (500 * rounds) shouldBeLessThan 1.0
        }
    })
