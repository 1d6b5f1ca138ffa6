// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.process

import dev.torsion.net.CloseReason
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.DEADLINE_SECONDS
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.awaitOrFail
import dev.torsion.reactor.getOrFail
import dev.torsion.reactor.onLoop
import dev.torsion.reactor.withReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** A source that waits for somebody to [type], and that nothing wakes up. */
private class Keyboard {
    private val typed = LinkedBlockingQueue<String>()

    fun type(text: String) = typed.add(text)

    fun read(target: ByteArray): Int = typed.take().toByteArray().let {
        it.copyInto(target)
        it.size
    }
}

/** A stream that gives nothing until it is closed. */
private class Silent : InputStream() {
    val closed = CountDownLatch(1)

    override fun read(): Int {
        closed.await(DEADLINE_SECONDS, TimeUnit.SECONDS)
        return -1
    }

    override fun close() = closed.countDown()
}

private object Deaf : PipeSource.Reader {
    override fun received(view: ByteBuffer) = Unit

    override fun ended(cause: IOException?) = Unit
}

/** A stream whose writes wait until they [may] go on, or fail. */
private class Slow : OutputStream() {
    val isWriting = CountDownLatch(1)
    val may = CompletableFuture<Unit>()

    override fun write(b: Int) = write(byteArrayOf(b.toByte()), 0, 1)

    override fun write(data: ByteArray, offset: Int, length: Int) {
        isWriting.countDown()
        try {
            may.getOrFail()
        } catch (e: java.util.concurrent.ExecutionException) {
            throw e.cause!!
        }
    }
}

private class Ended : PipeSink.Writer {
    val cause = CompletableFuture<String>()

    override fun hasRoom() = Unit

    override fun ended(cause: IOException?) {
        check(this.cause.complete("${cause?.message}")) { "it was told twice" }
    }
}

private class Reopening(private val lost: (Reopening) -> Unit) : Protocol() {
    val text = CompletableFuture<String>()

    override fun dataReceived(data: ByteArray) {
        text.complete(String(data))
    }

    override fun connectionLost(reason: CloseReason) = lost(this)
}

private fun Reactor.open(input: InputStream, protocol: Protocol, threads: PipeThreads = PipeThreads.DAEMONS) =
    StandardIO.connect(streamNetwork!!, protocol, input, ByteArrayOutputStream(), StreamOptions.DEFAULT, threads)

class PipesSpec :
    StringSpec({
        "standard input is free as soon as its connection is told of its end, and what is typed then is the next one's" {
            withReactor { reactor ->
                val keyboard = Keyboard()
                val shared = SharedInput { keyboard.read(it) }
                val last = CompletableFuture<Reopening>()
                val rounds = AtomicInteger()
                fun next() {
                    val isLast = rounds.incrementAndGet() == 50
                    val protocol = Reopening { if (!isLast) next() }
                    reactor.open(shared.open(), protocol)
                    if (isLast) last.complete(protocol) else reactor.runSoon { protocol.transport.loseConnection() }
                }
                reactor.onLoop { next() }
                val reader = last.getOrFail()
                keyboard.type("hello")
                reader.text.getOrFail() shouldBe "hello"
            }
        }

        "of two who open standard input at once, one gets it" {
            val shared = SharedInput { 0 }
            repeat(200) {
                val barrier = CyclicBarrier(2)
                val results = List(2) {
                    CompletableFuture.supplyAsync({
                        barrier.await(DEADLINE_SECONDS, TimeUnit.SECONDS)
                        runCatching { shared.open() }
                    }, { Thread(it).start() })
                }.map { it.getOrFail() }
                results.count { it.isSuccess } shouldBe 1
                results.first { it.isFailure }.exceptionOrNull().shouldBeInstanceOf<IllegalStateException>()
                results.first { it.isSuccess }.getOrThrow().close()
            }
        }

        "bytes that are not owed and find nobody are no failure, and neither are those behind them; owed ones fail" {
            withReactor { reactor ->
                val stream = Slow()
                val ended = Ended()
                val output = reactor.onLoop { PipeOutput(reactor.streamNetwork!!, "words").also { it.start(ended) } }
                reactor.onLoop {
                    output.open(stream)
                    output.owed(false)
                    output.send(ByteBuffer.wrap(ByteArray(10))) shouldBe 10
                }
                stream.isWriting.awaitOrFail()
                stream.may.completeExceptionally(IOException("nobody reads"))
                ended.cause.getOrFail() shouldBe "null"
                reactor.onLoop {
                    output.hasRoom shouldBe true
                    output.send(ByteBuffer.wrap(ByteArray(7))) shouldBe 7
                    output.owed(true)
                    shouldThrow<IOException> { output.send(ByteBuffer.wrap(ByteArray(3))) }
                }
            }
        }

        "bytes that are owed are a failure when they are not written, before others and behind them" {
            for (isOwedFirst in listOf(true, false)) {
                withReactor { reactor ->
                    val stream = Slow()
                    val ended = Ended()
                    val output = reactor.onLoop { PipeOutput(reactor.streamNetwork!!, "words").also { it.start(ended) } }
                    reactor.onLoop {
                        output.owed(isOwedFirst)
                        output.send(ByteBuffer.wrap(ByteArray(10))) shouldBe 10
                        if (isOwedFirst) output.owed(false) else output.open(stream)
                    }
                    if (!isOwedFirst) stream.isWriting.awaitOrFail()
                    reactor.onLoop {
                        if (!isOwedFirst) output.owed(true)
                        output.send(ByteBuffer.wrap(ByteArray(5))) shouldBe 5
                        if (isOwedFirst) output.open(stream)
                        output.finish()
                    }
                    stream.isWriting.awaitOrFail()
                    stream.may.completeExceptionally(IOException("nobody reads"))
                    ended.cause.getOrFail() shouldBe "nobody reads"
                }
            }
        }

        "standard input for which there was no thread is free again, and works as soon as there is one" {
            var hasThreads = false
            val threads = PipeThreads { name, work ->
                if (!hasThreads) throw OutOfMemoryError("no thread")
                PipeThreads.DAEMONS.start(name, work)
            }
            val keyboard = Keyboard().also { it.type("x") }
            val shared = SharedInput(threads) { keyboard.read(it) }
            withReactor { reactor ->
                val protocol = Reopening {}
                reactor.onLoop {
                    shouldThrow<OutOfMemoryError> { reactor.open(shared.open(), protocol, threads) }
                    reactor.streamNetwork!!.streams.count { it is PipeChannel } shouldBe 0
                }
                shared.open().use { shouldThrow<OutOfMemoryError> { it.read() } }
                hasThreads = true
                reactor.onLoop { reactor.open(shared.open(), protocol, threads) }
                protocol.text.getOrFail() shouldBe "x"
            }
        }

        "a pipe that is closed before its thread runs lets go of standard input" {
            withReactor { reactor ->
                val shared = SharedInput { 0 }
                reactor.onLoop {
                    val pipe = PipeInput(reactor.streamNetwork!!, "late", threads = { _, _ -> })
                    pipe.open(shared.open())
                    pipe.close()
                }
                shared.open().close()
            }
        }

        "moments: a pipe that is closed at any moment of its thread's begin closes its stream" {
            withReactor { reactor ->
                repeat(2000) { round ->
                    val stream = Silent()
                    reactor.onLoop {
                        val pipe = PipeInput(reactor.streamNetwork!!, "moments")
                        pipe.start(Deaf)
                        pipe.open(stream)
                        repeat(round % 200 * 20) { Thread.onSpinWait() }
                        pipe.close()
                    }
                    stream.closed.await(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                }
            }
        }

        "the reader has gone: what waits, or is being written and fails, was not read; what goes through was" {
            withReactor { reactor ->
                fun outcome(waiting: Int, then: (CompletableFuture<Unit>) -> Unit): String {
                    val stream = Slow()
                    val ended = Ended()
                    val pipe = reactor.onLoop { PipeOutput(reactor.streamNetwork!!, "gone").also { it.start(ended) } }
                    reactor.onLoop {
                        pipe.open(stream)
                        pipe.send(ByteBuffer.allocate(10))
                    }
                    stream.isWriting.await(DEADLINE_SECONDS, TimeUnit.SECONDS) shouldBe true
                    reactor.onLoop {
                        pipe.send(ByteBuffer.allocate(waiting))
                        pipe.readerGone(IOException("gone"))
                    }
                    then(stream.may)
                    return ended.cause.getOrFail()
                }
                outcome(0) { it.complete(Unit) } shouldBe "null"
                outcome(1) { it.complete(Unit) } shouldBe "gone"
                outcome(0) { it.completeExceptionally(IOException("Broken pipe")) } shouldBe "Broken pipe"
                // Another process holds the pipe open, and reads nothing.
                outcome(0) { } shouldBe "gone"
                reactor.onLoop { reactor.delayedCalls() } shouldBe emptyList()
            }
        }
    })
