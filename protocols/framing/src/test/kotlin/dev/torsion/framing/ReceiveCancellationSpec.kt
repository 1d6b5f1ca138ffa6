// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.await
import dev.torsion.defer.inlineCallbacks
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runReactorTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.property.Arb
import io.kotest.property.arbitrary.int
import io.kotest.property.arbitrary.list
import io.kotest.property.checkAll
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.asContextElement
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import java.lang.ref.WeakReference
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private const val HERE = "tcp:127.0.0.1:8007"

/** Cancelling a receive loses no message, whenever and however it happens. */
class ReceiveCancellationSpec :
    StringSpec({
        /** A client, and the server's end of the same connection. */
        suspend fun MemoryReactor.pair(): Pair<MessageConnection<String>, MessageConnection<String>> {
            var server: MessageConnection<String>? = null
            val port = listen("tcp:8007", LineCodec()) { server = it }.await()
            val client = connect(HERE, LineCodec())
            while (server == null) delay(1.milliseconds)
            port.stopListening().await()
            return client to server
        }

        "a timeout while nothing comes, then the message" {
            runReactorTest {
                val (client, server) = pair()
                withTimeoutOrNull(1.seconds) { client.receive() }.shouldBeNull()
                withTimeoutOrNull(1.seconds) { client.incoming.iterator().hasNext() }.shouldBeNull()
                server.send("late")
                client.receive() shouldBe "late"
            }
        }

        "timeouts of every length against messages of every pace: all of them arrive, in order" {
            checkAll(60, Arb.list(Arb.int(0..5), 1..40), Arb.int(1..4)) { pauses, patience ->
                runReactorTest { scope ->
                    val (client, server) = pair()
                    scope.launch {
                        pauses.forEachIndexed { index, pause ->
                            delay(pause.milliseconds)
                            server.send("$index")
                        }
                        server.close()
                    }
                    val got = ArrayList<String>()
                    while (true) {
                        val message = withTimeoutOrNull(patience.milliseconds) { client.receiveOrNull() ?: "end" } ?: continue
                        if (message == "end") break
                        got.add(message)
                    }
                    got shouldBe pauses.indices.map { "$it" }
                }
            }
        }

        "a coroutine that is cancelled in the turn in which its message comes" {
            runReactorTest { scope ->
                val (client, server) = pair()
                val waiting = scope.async(start = CoroutineStart.UNDISPATCHED) { client.receive() }
                server.send("a")
                waiting.cancelAndJoin()
                client.receive() shouldBe "a"
            }
        }

        "a message that is there is not taken by a coroutine that is cancelled already" {
            runReactorTest { scope ->
                val (client, server) = pair()
                server.send("a")
                delay(1.seconds)
                scope.launch(start = CoroutineStart.UNDISPATCHED) {
                    coroutineContext[Job]!!.cancel(null)
                    shouldThrow<CancellationException> { client.receive() }
                }
                client.receive() shouldBe "a"
            }
        }

        "what a coroutine has on the thread is there after each receive, and after a cancelled one, and nowhere else" {
            val local = ThreadLocal.withInitial { "outside" }
            runReactorTest { scope ->
                val (client, server) = pair()
                val seen = ArrayList<String>()
                val receiving = scope.launch(local.asContextElement("inside")) {
                    try {
                        while (true) seen.add("${client.receive()} ${local.get()}")
                    } finally {
                        seen.add("end ${local.get()}")
                    }
                }
                for (message in listOf("a", "b")) {
                    server.send(message)
                    delay(1.seconds)
                    local.get() shouldBe "outside"
                }
                receiving.cancelAndJoin()
                seen shouldBe listOf("a inside", "b inside", "end inside")
                local.get() shouldBe "outside"
            }
        }

        "a receive on another dispatcher's terms goes on there, and loses nothing either" {
            runReactorTest {
                val (client, server) = pair()
                val queued = ArrayDeque<Runnable>()
                val byHand =
                    object : CoroutineDispatcher() {
                        override fun dispatch(context: CoroutineContext, block: Runnable) {
                            queued.add(block)
                        }
                    }
                val got = ArrayList<String>()
                val waiting = CoroutineScope(byHand).launch(start = CoroutineStart.UNDISPATCHED) { got.add(client.receive()) }
                server.send("a")
                delay(1.seconds)
                got shouldBe emptyList()
                waiting.cancel(null)
                while (queued.isNotEmpty()) queued.removeFirst().run()
                // Resumed but cancelled before it ran: the message has not been taken.
                got shouldBe emptyList()
                client.receive() shouldBe "a"
            }
        }

        "inlineCallbacks: cancelling its Deferred ends the receive" {
            runReactorTest {
                val (client, server) = pair()
                val waiting = inlineCallbacks { client.receive() }
                waiting.cancel()
                shouldThrow<DeferredCancelledException> { waiting.await() }
                server.send("a")
                client.receive() shouldBe "a"
            }
        }

        "NonCancellable receives" {
            runReactorTest {
                val (client, server) = pair()
                server.send("a")
                withContext(NonCancellable) { client.receive() } shouldBe "a"
            }
        }

        "cancelled from another thread" {
            runReactorTest { scope ->
                val (client, server) = pair()
                val waiting = scope.launch(start = CoroutineStart.UNDISPATCHED) { client.receive() }
                val canceller = Thread { waiting.cancel(null) }
                canceller.start()
                canceller.join()
                waiting.join()
                waiting.isCancelled shouldBe true
                server.send("a")
                client.receive() shouldBe "a"
            }
        }

        "a second coroutine cannot receive at the same time" {
            runReactorTest { scope ->
                val (client, server) = pair()
                val first = scope.async(start = CoroutineStart.UNDISPATCHED) { client.receive() }
                shouldThrow<IllegalStateException> { client.receive() }.message shouldContain "another coroutine"
                server.send("a")
                first.await() shouldBe "a"
            }
        }

        "a job that outlives the connection does not hold on to it" {
            val got = ArrayList<String?>()

            suspend fun receiveFrom(connections: ArrayDeque<MessageConnection<String>>) {
                val connection = connections.removeFirst()
                got.add(connection.receive())
                got.add(connection.receiveOrNull())
            }

            fun receiveOnce(): Pair<Job, WeakReference<MessageConnection<String>>> = runReactorTest {
                val (client, server) = pair()
                val connections = ArrayDeque(listOf(client))
                val job =
                    CoroutineScope(Dispatchers.Unconfined).launch(start = CoroutineStart.UNDISPATCHED) {
                        receiveFrom(connections)
                        awaitCancellation()
                    }
                server.send("a")
                server.close()
                client.whenClosed().await()
                job to WeakReference(client)
            }
            val (job, connection) = receiveOnce()
            var tries = 0
            while (connection.get() != null && tries++ < 100) System.gc()
            connection.get().shouldBeNull()
            got shouldBe listOf("a", null)
            job.isActive shouldBe true
            job.cancel(null)
        }
    })
