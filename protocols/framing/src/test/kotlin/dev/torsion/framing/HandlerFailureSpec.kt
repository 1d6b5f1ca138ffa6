// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionAborted
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import dev.torsion.testkit.runTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeout
import java.nio.ByteBuffer
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.seconds

private const val HERE = "tcp:127.0.0.1:8007"

/** Every failure of a handler, in whichever way: it is reported once, and the connection is aborted with it. */
class HandlerFailureSpec :
    StringSpec({
        val errors =
            listOf(
                { IllegalStateException("no good") },
                { CancellationException("no good") },
                { AssertionError("no good") },
                { StackOverflowError("no good") },
                { LinkageError("no good") },
            )

        /** The report, and the end of the server's side of the connection, after a client has sent a line to [handle]. */
        fun failing(handle: suspend (MessageConnection<String>) -> Unit): Pair<List<Throwable>, CloseReason> {
            val reported = ArrayList<Throwable>()
            var end: CloseReason? = null
            MemoryReactor { _, error -> reported.add(error) }.use { reactor ->
                reactor.runTest {
                    reactor.serve("tcp:8007", LineCodec()) { connection ->
                        connection.whenClosed().addCallback { end = it }
                        handle(connection)
                    }.await()
                    val client = reactor.connect(HERE, LineCodec())
                    client.send("a")
                    client.send("b")
                    client.whenClosed().await().isClean shouldBe false
                }
            }
            return reported to end!!
        }

        "the report says whether a message handler has failed or a coroutine" {
            val reported = ArrayList<String>()
            MemoryReactor { what, _ -> reported.add(what) }.use { reactor ->
                reactor.runTest {
                    reactor.listen("tcp:8007", LineCodec()) { connection -> connection.onMessage { error("no good") } }.await()
                    reactor.serve("tcp:8008", LineCodec()) { connection ->
                        connection.receive()
                        error("no good")
                    }.await()
                    for (port in listOf(8007, 8008)) {
                        val client = reactor.connect("tcp:127.0.0.1:$port", LineCodec())
                        client.send("a")
                        client.whenClosed().await()
                    }
                }
            }
            reported.map { it.substringBefore(" of ") } shouldBe listOf("the message handler", "a coroutine")
        }

        fun shouldFail(outcome: Pair<List<Throwable>, CloseReason>, error: Throwable) = withClue("$error") {
            outcome.first.single() shouldBeSameInstanceAs error
            outcome.second.shouldBeInstanceOf<ConnectionAborted>().cause shouldBeSameInstanceAs error
        }

        "a message handler that throws" {
            for (make in errors) {
                val error = make()
                shouldFail(failing { c -> c.onMessage { throw error }.also { c.whenClosed().await() } }, error)
            }
        }

        "a message handler whose stage or job fails" {
            val error = IllegalStateException("no good")
            val stage = CompletableFuture<Unit>()
            val job = CompletableDeferred<Unit>()
            for ((given, fail) in listOf<Pair<Any, () -> Unit>>(
                stage.minimalCompletionStage() to { stage.completeExceptionally(error) },
                job to { job.completeExceptionally(error) },
            )) {
                val outcome =
                    failing { c ->
                        c.onMessage { given }
                        delay(1.seconds)
                        fail()
                        c.whenClosed().await()
                    }
                shouldFail(outcome, error)
            }
        }

        "the next message waits for the stage of the one before it" {
            val reactor = MemoryReactor()
            val seen = ArrayList<String>()
            val stage = CompletableFuture<Unit>()
            reactor.use {
                reactor.runTest {
                    reactor.serve("tcp:8007", LineCodec()) { connection ->
                        connection.onMessage { seen.add(it).let { stage } }
                        connection.whenClosed().await()
                    }.await()
                    val client = reactor.connect(HERE, LineCodec())
                    client.send("a")
                    client.send("b")
                    delay(1.seconds)
                    seen shouldBe listOf("a")
                    stage.complete(Unit)
                    delay(1.seconds)
                    seen shouldBe listOf("a", "b")
                    client.close()
                }
            }
        }

        "a message handler whose Deferred fails, at once or later" {
            for (make in errors) {
                val now = make()
                shouldFail(failing { c -> c.onMessage { Deferred<Unit>().apply { errback(now) } }.also { c.whenClosed().await() } }, now)
                val later = make()
                val work = Deferred<Unit>()
                val outcome =
                    failing { c ->
                        c.onMessage { work }
                        delay(1.seconds)
                        work.errback(later)
                        c.whenClosed().await()
                    }
                shouldFail(outcome, later)
            }
        }

        "a message handler whose Deferred is cancelled" {
            val work = Deferred<Unit>()
            val (reported, end) =
                failing { c ->
                    c.onMessage { work }
                    delay(1.seconds)
                    work.cancel()
                    c.whenClosed().await()
                }
            reported.single() shouldBeSameInstanceAs end.cause!!
            end.cause.shouldBeInstanceOf<CancellationException>()
        }

        "a suspend handler that throws" {
            for (make in errors) {
                val error = make()
                shouldFail(
                    failing { c ->
                        c.receive()
                        throw error
                    },
                    error,
                )
            }
        }

        "a suspend handler that waits for what is cancelled, or lets a time-out through" {
            val waits =
                listOf<suspend () -> Unit>(
                    { withTimeout(1.seconds) { CompletableDeferred<Unit>().await() } },
                    { CompletableDeferred<Unit>().apply { cancel(null) }.await() },
                    { Deferred<Unit>().apply { cancel() }.await() },
                )
            for (wait in waits) {
                val (reported, end) = failing { wait() }
                reported.single().shouldBeInstanceOf<CancellationException>()
                end.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<CancellationException>()
            }
        }

        "a handler that is cancelled since its connection is gone has not failed" {
            val reported = ArrayList<Throwable>()
            MemoryReactor { _, error -> reported.add(error) }.use { reactor ->
                reactor.runTest {
                    var ended = false
                    reactor
                        .serve("tcp:8007", LineCodec()) { c ->
                            try {
                                delay(60.seconds)
                            } finally {
                                ended = true
                            }
                        }.await()
                    reactor.connect(HERE, LineCodec()).abort()
                    delay(1.seconds)
                    ended shouldBe true
                }
            }
            reported shouldBe emptyList()
        }

        fun decoding(fails: () -> Throwable) = object : Content<String> {
            override fun decode(frame: ByteBuffer): String = throw fails()

            override fun encode(value: String) = value.encodeToByteArray()
        }

        "content that is nested deeper than the stack is the peer's violation, and is not reported" {
            fun sink(depth: Int): Int = 1 + sink(depth + 1)
            val nested =
                object : Content<String> {
                    override fun decode(frame: ByteBuffer): String = sink(0).toString()

                    override fun encode(value: String) = value.encodeToByteArray()
                }
            val reported = ArrayList<Throwable>()
            MemoryReactor { _, error -> reported.add(error) }.use { reactor ->
                reactor.runTest {
                    var violation: Throwable? = null
                    reactor
                        .serve("tcp:8007", Codec(LineFraming(), nested)) { c ->
                            violation = runCatching { c.receive() }.exceptionOrNull()
                        }.await()
                    val client = reactor.connect(HERE, LineCodec())
                    client.send("[[[[")
                    client.whenClosed().await()
                    violation.shouldBeInstanceOf<MalformedContentException>().message shouldContain "nested too deep"
                }
            }
            reported shouldBe emptyList()
        }

        "content that fails without memory or a class: reported, and the receiver is told" {
            for (error in listOf(OutOfMemoryError("no good"), NoClassDefFoundError("no good"))) {
                val reported = ArrayList<Throwable>()
                MemoryReactor { _, e -> reported.add(e) }.use { reactor ->
                    reactor.runTest {
                        var seen: Throwable? = null
                        var server: MessageConnection<String>? = null
                        reactor
                            .serve("tcp:8007", Codec(LineFraming(), decoding { error })) { c ->
                                server = c
                                seen = runCatching { c.receive() }.exceptionOrNull()
                            }.await()
                        val client = reactor.connect(HERE, LineCodec())
                        client.send("a")
                        client.whenClosed().await()
                        seen.shouldBeInstanceOf<ConnectionAborted>().cause shouldBeSameInstanceAs error
                        server!!.closeReason!!.cause shouldBeSameInstanceAs error
                    }
                }
                reported.single() shouldBeSameInstanceAs error
            }
        }

        "an answer that cannot be kept fails its request with the connection" {
            val unkeepable =
                object : Content<String> {
                    override fun decode(frame: ByteBuffer) = "a"

                    override fun encode(value: String) = value.encodeToByteArray()

                    override fun keep(value: String): String = error("no good")
                }
            MemoryReactor { _, _ -> }.use { reactor ->
                reactor.runTest {
                    reactor.serve("tcp:8007", LineCodec()) { c -> for (line in c.incoming) c.send(line) }.await()
                    val client = reactor.connect(HERE, Codec(LineFraming(), unkeepable))
                    val failure = runCatching { client.request("a").await() }.exceptionOrNull()
                    failure.shouldBeInstanceOf<ConnectionAborted>().cause!!.message shouldBe "no good"
                }
            }
        }

        "a transport whose scope reports nothing is aborted all the same" {
            var made: MessageConnection<String>? = null
            val factory = ConnectionFactory(MemoryReactor(), LineCodec()) { made = it }
            val transport = StringTransport()
            transport.connect(factory.buildProtocol(transport.peer())!!)
            val error = CancellationException("no good")
            made!!.onMessage { throw error }
            shouldThrow<CancellationException> { transport.receive("a\r\n") } shouldBeSameInstanceAs error
            transport.abortCause shouldBeSameInstanceAs error
        }
    })
