// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.runTest
import dev.torsion.testsupport.withRealReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.io.IOException
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private const val HERE = "tcp:127.0.0.1:8007"

/** A peer by hand: it ends its side when it is told to, and stays otherwise. */
private class Peer(private val isSlow: Boolean = false) :
    Protocol(),
    HalfCloseableProtocol {
    val heard = StringBuilder()
    var hasSeenEnd = false
    var lost: CloseReason? = null

    override fun dataReceived(data: ByteArray) {
        heard.append(data.decodeToString())
        if (isSlow) transport.pauseProducing()
    }

    override fun readConnectionLost() {
        hasSeenEnd = true
        transport.loseConnection()
    }

    override fun writeConnectionLost() = Unit

    override fun connectionLost(reason: CloseReason) {
        lost = reason
    }

    fun end() = (transport as HalfCloseableTransport).loseWriteConnection()

    fun sendAndEnd(text: String) {
        transport.write(text.encodeToByteArray())
        end()
    }

    fun shouldHaveEndedWith(text: String) {
        heard.toString() shouldBe text
        lost.shouldBeInstanceOf<ConnectionDone>()
    }
}

private suspend fun MemoryReactor.peer(isSlow: Boolean = false): Peer {
    val peer = Peer(isSlow)
    clientFromString(this, HERE).connect(Factory { peer }).await()
    return peer
}

/** When a handler ends because its peer has ended its side. */
class HandlerEndSpec :
    StringSpec({
        fun MemoryReactor.seconds() = nanoTime() / 1_000_000_000

        "a handler that only waits is cancelled when the peer ends its side, and the connection is closed in order" {
            runReactorTest(10.hours) {
                var error: Throwable? = null
                var server: MessageConnection<String>? = null
                serve("tcp:8007", LineCodec()) { c ->
                    server = c
                    c.send("welcome")
                    try {
                        delay(1.hours)
                    } catch (e: CancellationException) {
                        error = e
                        throw e
                    }
                }.await()
                val peer = peer()
                delay(1.seconds)
                peer.end()
                val asked = seconds()
                server!!.whenClosed().await().shouldBeInstanceOf<ConnectionDone>().isClean.shouldBeTrue()
                error.shouldBeInstanceOf<CancellationException>()
                seconds() shouldBe asked
                delay(1.seconds)
                peer.hasSeenEnd.shouldBeTrue()
                peer.shouldHaveEndedWith("welcome\r\n")
            }
        }

        "with halfClose it goes on for as long as it likes" {
            runReactorTest(10.hours) {
                serve("tcp:8007", LineCodec(), ConnectionOptions(halfClose = true)) { c ->
                    repeat(3) {
                        delay(1.hours)
                        c.send("$it")
                    }
                }.await()
                val peer = peer()
                peer.end()
                delay(4.hours)
                peer.shouldHaveEndedWith("0\r\n1\r\n2\r\n")
            }
        }

        "a handler with messages left to receive goes on, and finishes the last one" {
            runReactorTest(10.hours) {
                val done = ArrayList<String>()
                serve("tcp:8007", LineCodec()) { c ->
                    delay(1.hours)
                    for (line in c.incoming) {
                        delay(9.seconds)
                        done.add(line)
                    }
                    c.send("$done")
                }.await()
                val peer = peer()
                peer.sendAndEnd("a\nb\n")
                delay(2.hours)
                done shouldContainExactly listOf("a", "b")
                peer.shouldHaveEndedWith("[a, b]\r\n")
            }
        }

        "a handler that has seen the end may go on for its last answer, as long as it sends something now and then" {
            runReactorTest(10.hours) {
                serve("tcp:8007", LineCodec()) { c ->
                    c.incoming.toList()
                    repeat(5) {
                        delay(9.seconds)
                        c.send("$it")
                    }
                }.await()
                val peer = peer()
                peer.sendAndEnd("a\n")
                delay(50.seconds)
                peer.shouldHaveEndedWith("0\r\n1\r\n2\r\n3\r\n4\r\n")
            }
        }

        "a long answer to a peer that reads slowly is no silence" {
            runReactorTest(10.hours) {
                val size = 2 shl 20
                serve("tcp:8007", Int32Codec(64 shl 20)) { c ->
                    c.incoming.toList()
                    c.send(ByteArray(size))
                    c.send(ByteArray(1))
                }.await()
                val peer = peer(isSlow = true)
                peer.end()
                while (peer.lost == null) {
                    delay(8.seconds)
                    peer.transport.resumeProducing()
                }
                peer.heard.length shouldBe size + 4 + 5
                peer.lost.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        "a handler at work on the answer to its own request may finish, whether the answer came before or after it asked" {
            for (isAhead in listOf(false, true)) {
                runReactorTest(10.hours) {
                    var isCancelled = false
                    serve("tcp:8007", LineCodec()) { c ->
                        if (isAhead) delay(5.seconds)
                        val answer = c.request("question").await()
                        try {
                            delay(5.seconds)
                        } catch (e: CancellationException) {
                            isCancelled = true
                            throw e
                        }
                        c.send("thanks for $answer")
                    }.await()
                    val peer = peer()
                    delay(1.seconds)
                    peer.transport.write("answer\n".encodeToByteArray())
                    delay(if (isAhead) 6.seconds else 1.seconds)
                    peer.end()
                    delay(10.seconds)
                    isCancelled shouldBe false
                    peer.shouldHaveEndedWith("question\r\nthanks for answer\r\n")
                }
            }
        }

        "heartbeats are no answer: they give a handler no more time, whether the peer reads them or not" {
            for (isRead in listOf(true, false)) {
                runReactorTest(10.hours) {
                    network.window = 10
                    var server: MessageConnection<String>? = null
                    val options = ConnectionOptions(answerTimeout = Duration.ofSeconds(5))
                    serve("tcp:8007", LineCodec(), options) { c ->
                        server = c
                        c.every(Duration.ofSeconds(1), "beat")
                        c.receive()
                        awaitCancellation()
                    }.await()
                    val peer = peer()
                    peer.transport.write("a\n".encodeToByteArray())
                    delay(1.seconds)
                    if (!isRead) peer.transport.pauseProducing()
                    peer.end()
                    val asked = seconds()
                    val reason = server!!.whenClosed().await().shouldBeInstanceOf<ConnectionAborted>()
                    reason.cause.shouldBeInstanceOf<AnswerTimeoutException>()
                    seconds() - asked shouldBeInRange 5L..(if (isRead) 7L else 45L) // while output waits, the time is 30 seconds
                }
            }
        }

        "a handler that stays at work on the last message is cancelled when its time is up, and the peer sees a reset" {
            for (seesTheEnd in listOf(true, false)) {
                runReactorTest(10.hours) {
                    var isCancelled = false
                    var server: MessageConnection<String>? = null
                    val options = ConnectionOptions(answerTimeout = Duration.ofSeconds(5))
                    serve("tcp:8007", LineCodec(), options) { c ->
                        server = c
                        try {
                            if (seesTheEnd) c.incoming.toList() else c.receive()
                            awaitCancellation()
                        } finally {
                            isCancelled = true
                        }
                    }.await()
                    val peer = peer()
                    peer.transport.write("a\n".encodeToByteArray())
                    delay(1.seconds)
                    peer.end()
                    val asked = seconds()
                    val reason = server!!.whenClosed().await().shouldBeInstanceOf<ConnectionAborted>()
                    reason.cause.shouldBeInstanceOf<AnswerTimeoutException>().timeout shouldBe Duration.ofSeconds(5)
                    seconds() - asked shouldBeInRange 5L..6L
                    delay(1.seconds)
                    isCancelled.shouldBeTrue()
                    peer.hasSeenEnd shouldBe false
                    peer.lost.shouldBeInstanceOf<ConnectionLost>()
                }
            }
        }

        "a handler whose message loop and pusher run side by side is ended as a whole" {
            runReactorTest(10.hours) {
                var isCancelled = false
                serve("tcp:8007", LineCodec()) { c ->
                    coroutineScope {
                        launch {
                            try {
                                delay(1.hours)
                            } finally {
                                isCancelled = true
                            }
                        }
                        for (line in c.incoming) c.send(line)
                    }
                }.await()
                val peer = peer()
                peer.sendAndEnd("a\n")
                delay(11.seconds)
                isCancelled.shouldBeTrue()
                peer.heard.toString() shouldBe "a\r\n"
            }
        }

        "a pusher ends when its output has gone out, not in the middle of it" {
            runReactorTest(10.hours) {
                val size = 1 shl 20
                serve("tcp:8007", Int32Codec(64 shl 20)) { c ->
                    c.send(ByteArray(size))
                    delay(1.hours)
                }.await()
                val peer = peer()
                peer.transport.pauseProducing()
                delay(1.seconds)
                peer.end()
                delay(1.seconds)
                peer.transport.resumeProducing()
                delay(1.seconds)
                peer.heard.length shouldBe size + 4
                peer.lost.shouldBeNull()
                delay(11.seconds)
                peer.lost.shouldBeInstanceOf<ConnectionLost>() // it was at work when the end came, so nobody takes that for the end
            }
        }

        "a handler may say a last word while it is cancelled" {
            runReactorTest(10.hours) {
                serve("tcp:8007", LineCodec()) { c ->
                    try {
                        awaitCancellation()
                    } finally {
                        withContext(NonCancellable) {
                            delay(1.seconds)
                            c.send("bye")
                        }
                    }
                }.await()
                val peer = peer()
                peer.end()
                delay(2.seconds)
                peer.shouldHaveEndedWith("bye\r\n")
            }
        }

        "a handler that does not look is cancelled for a violation, too" {
            runReactorTest(10.hours) {
                var server: MessageConnection<String>? = null
                var isCancelled = false
                serve("tcp:8007", LineCodec(maxLength = 10)) { c ->
                    server = c
                    try {
                        delay(1.hours)
                    } finally {
                        isCancelled = true
                    }
                }.await()
                val peer = peer()
                peer.transport.write("x".repeat(100).encodeToByteArray())
                delay(1.seconds)
                isCancelled.shouldBeTrue()
                server!!.closeReason.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<FrameTooLongException>()
            }
        }

        "a callback's Deferred, stage and coroutine are cancelled when the time for the last answer is up" {
            for (kind in listOf("Deferred", "stage", "job")) {
                runReactorTest(10.hours) { scope ->
                    var server: MessageConnection<String>? = null
                    var isCancelled = false
                    listen("tcp:8007", LineCodec()) { c ->
                        server = c
                        c.onMessage {
                            when (kind) {
                                "Deferred" -> Deferred<Unit> { isCancelled = true }
                                "stage" -> CompletableFuture<Unit>().also { f -> f.whenComplete { _, _ -> isCancelled = f.isCancelled } }
                                else -> scope.launch { awaitCancellation() }.also { job ->
                                    job.invokeOnCompletion {
                                        isCancelled =
                                            job.isCancelled
                                    }
                                }
                            }
                        }
                    }.await()
                    val peer = peer()
                    peer.sendAndEnd("a\n")
                    delay(9.seconds)
                    server!!.closeReason.shouldBeNull()
                    isCancelled shouldBe false
                    delay(3.seconds)
                    isCancelled.shouldBeTrue()
                    server.closeReason.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<AnswerTimeoutException>()
                    peer.lost.shouldBeInstanceOf<ConnectionLost>()
                }
            }
        }

        "a callback's Deferred is cancelled when the peer has gone, and the failure is nobody's" {
            val reported = ArrayList<Throwable>()
            MemoryReactor { _, error -> reported.add(error) }.use { reactor ->
                reactor.runTest {
                    var isCancelled = false
                    reactor.listen("tcp:8007", LineCodec()) { c -> c.onMessage { Deferred<Unit> { isCancelled = true } } }.await()
                    val peer = reactor.peer()
                    peer.transport.write("a\n".encodeToByteArray())
                    delay(1.seconds)
                    peer.transport.abortConnection()
                    delay(1.seconds)
                    isCancelled.shouldBeTrue()
                }
            }
            reported.shouldBeEmpty()
        }

        "on real sockets: a client that closes ends a handler that only waits" {
            withRealReactor {
                val cancelled = Deferred<Unit>()
                val port =
                    serve("tcp:0:interface=127.0.0.1", LineCodec()) {
                        try {
                            delay(1.hours)
                        } finally {
                            cancelled.callback(Unit)
                        }
                    }.await().port()
                deferToThread { Socket("127.0.0.1", port).close() }.await()
                cancelled.await()
            }
        }

        "on real sockets: a peer that waits for an answer that does not come sees a reset, and no end" {
            withRealReactor {
                val options = ConnectionOptions(answerTimeout = Duration.ofMillis(200))
                val port =
                    serve("tcp:0:interface=127.0.0.1", LineCodec(), options) { c ->
                        c.send("half of " + c.receive())
                        awaitCancellation()
                    }.await().port()
                val answer =
                    deferToThread {
                        Socket("127.0.0.1", port).use { socket ->
                            socket.getOutputStream().write("it\n".encodeToByteArray())
                            socket.shutdownOutput()
                            val first = socket.getInputStream().readNBytes("half of it\r\n".length)
                            shouldThrow<IOException> { socket.getInputStream().read() }
                            first.decodeToString()
                        }
                    }.await()
                answer shouldBe "half of it\r\n"
            }
        }

        "nothing is left behind, and a second connection is served" {
            runReactorTest(10.hours) {
                serve("tcp:8007", LineCodec()) { c -> for (line in c.incoming) c.send(line) }.await()
                repeat(2) {
                    val peer = peer()
                    peer.sendAndEnd("a\n")
                    delay(100.milliseconds)
                    peer.heard.toString() shouldBe "a\r\n"
                    peer.lost!!.by shouldBe ClosedBy.US // it has ended its side first
                }
                delay(3.seconds)
                delayedCalls().filter { it.isActive }.size shouldBe 0
            }
        }
    })
