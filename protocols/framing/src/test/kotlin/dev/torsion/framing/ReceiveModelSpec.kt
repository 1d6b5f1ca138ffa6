// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.CloseReason
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import kotlin.coroutines.CoroutineContext

/**
 * Receivers, messages, cancellations and the end in every order, with a dispatcher that runs what it was given when it is told to: each message
 * is received once, in order, whatever was cancelled in between, and whoever has not been cancelled gets a message or hears of the end.
 */
class ReceiveModelSpec :
    StringSpec({
        class ByHand : CoroutineDispatcher() {
            val queued = ArrayDeque<Runnable>()

            override fun dispatch(context: CoroutineContext, block: Runnable) {
                queued.add(block)
            }

            fun runAll() {
                while (queued.isNotEmpty()) queued.removeFirst().run()
            }
        }

        /** One world in which the steps are taken. */
        class World(val dispatched: Boolean, val how: suspend (MessageConnection<String>) -> String?) {
            val dispatcher = ByHand()
            val transport = StringTransport()
            lateinit var connection: MessageConnection<String>
            val got = ArrayList<String>()
            val jobs = ArrayList<Job>()
            val outcomes = HashMap<Job, String>()
            var sent = 0
            var ended = false

            init {
                transport.connect(ConnectionFactory(MemoryReactor(), LineCodec("\n")) { connection = it }.buildProtocol(transport.peer())!!)
            }

            fun receive() {
                if (jobs.any { it.isActive }) return // one at a time
                val scope = CoroutineScope(if (dispatched) dispatcher else Dispatchers.Unconfined)
                lateinit var job: Job
                job =
                    scope.launch(start = CoroutineStart.LAZY) {
                        try {
                            val message = how(connection)
                            outcomes[job] = "message"
                            if (message == null) outcomes[job] = "end" else got.add(message)
                        } catch (e: CancellationException) {
                            outcomes[job] = "cancelled"
                            throw e
                        } catch (_: CloseReason) {
                            outcomes[job] = "end"
                        }
                    }
                jobs.add(job)
                job.start()
            }

            fun message() {
                if (!ended && !transport.isReadingPaused && !transport.isDisconnecting) transport.receive("${sent++}\n")
            }

            fun cancel() {
                jobs.lastOrNull()?.cancel(null)
            }

            fun run() {
                dispatcher.queued.removeFirstOrNull()?.run()
            }

            fun end() {
                if (!ended && !transport.isDisconnecting) transport.receiveEnd()
                ended = true
            }

            fun check() {
                dispatcher.runAll()
                jobs.dropLast(1).forEach { (it.isActive) shouldBe false }
                // All that has not been received yet is still to be had.
                var tries = 0
                while (got.size < sent && tries++ < 20) {
                    receive()
                    dispatcher.runAll()
                }
                got shouldBe List(sent) { "$it" }
                end()
                receive()
                dispatcher.runAll()
                jobs.forEach { job ->
                    job.isActive shouldBe false
                    if (!job.isCancelled) (outcomes[job] in setOf("message", "end")) shouldBe true
                }
                jobs.filter { outcomes[it] == "message" }.size shouldBe sent
            }
        }

        val steps = mapOf<Char, World.() -> Unit>(
            'r' to { receive() },
            'm' to { message() },
            'c' to { cancel() },
            'x' to { run() },
            'e' to { end() },
        )

        fun orders(length: Int): Sequence<String> =
            if (length == 0) sequenceOf("") else orders(length - 1).flatMap { order -> steps.keys.asSequence().map { order + it } }

        val ways =
            mapOf<String, suspend (MessageConnection<String>) -> String?>(
                "receive" to { it.receive() },
                "receiveOrNull" to { it.receiveOrNull() },
                "hasNext and next" to { c -> c.incoming.iterator().let { if (it.hasNext()) it.next() else null } },
            )
        for ((name, how) in ways) {
            for (dispatched in listOf(true, false)) {
                "$name, ${if (dispatched) "dispatched" else "at once"}: every order of six steps" {
                    for (length in 1..6) {
                        for (order in orders(length)) {
                            withClue(order) {
                                val world = World(dispatched, how)
                                order.forEach { steps.getValue(it)(world) }
                                world.check()
                            }
                        }
                    }
                }
            }
        }
    })
