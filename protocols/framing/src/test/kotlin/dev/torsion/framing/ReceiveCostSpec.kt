// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import com.sun.management.ThreadMXBean
import dev.torsion.net.Transport
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.launch
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.thread
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
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

        /** Tasks for the loop: what a watch on another thread has to tell. */
        class Loop : CoroutineDispatcher() {
            val tasks = CopyOnWriteArrayList<Runnable>()

            override fun dispatch(context: CoroutineContext, block: Runnable) {
                tasks.add(block)
            }
        }

        /** Has one message, then none, and is at its end when a test says so. */
        class Source : MessageSource {
            var messages = 0
            var end: (() -> Any?)? = null

            override val hasMessage get() = messages > 0
            override val hasOutcome get() = hasMessage || end != null

            override fun outcome(wanted: Wanted): Any? = if (messages > 0) messages-- else end!!()
        }

        /** How often the loop hears of the end of a coroutine that has waited for a message, and then heard [end], or still waits without it. */
        fun toldOfTheJob(wanted: Wanted, end: (() -> Any?)?, endIsWaitedFor: Boolean): Int {
            val loop = Loop()
            val transport = object : Transport by StringTransport() {
                override val scope = CoroutineScope(loop)
            }
            val source = Source()
            val receiver = Receiver(Thread.currentThread(), transport, source)
            val job =
                CoroutineScope(Dispatchers.Unconfined).launch {
                    suspendCoroutineUninterceptedOrReturn<Any?> { receiver.receive(Wanted.MESSAGE, it) } shouldBe 1
                    runCatching { suspendCoroutineUninterceptedOrReturn<Any?> { receiver.receive(wanted, it) } }
                    awaitCancellation()
                }
            source.messages = 1
            if (!endIsWaitedFor) source.end = end
            receiver.wake()
            source.end = end
            if (end != null) receiver.wake()
            thread { job.cancel(null) }.join()
            return loop.tasks.size
        }

        "a coroutine that waits is watched, and no more once it has heard of the end" {
            toldOfTheJob(Wanted.MESSAGE, end = null, endIsWaitedFor = true) shouldBe 1
            val ends = mapOf(
                Wanted.MESSAGE to { error("the end") },
                Wanted.MESSAGE_OR_NULL to { null },
                Wanted.WHETHER_THERE_IS_ONE to { false },
            )
            for ((wanted, end) in ends) {
                for (isWaitedFor in listOf(true, false)) {
                    withClue("$wanted, waited for: $isWaitedFor") { toldOfTheJob(wanted, end, isWaitedFor) shouldBe 0 }
                }
            }
        }
    })
