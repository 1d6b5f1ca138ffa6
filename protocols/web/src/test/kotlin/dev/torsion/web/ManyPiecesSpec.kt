// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ConnectionLost
import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emptyFlow
import kotlinx.coroutines.flow.flow
import java.nio.ByteBuffer
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.stream.Stream
import kotlin.concurrent.thread
import java.util.concurrent.Flow as Reactive

/** Bodies of many pieces: who has turns, who waits for whom, and what is left of them at the end. */
class ManyPiecesSpec :
    FunSpec({
        fun bytes(text: String) = text.toByteArray()

        fun buffers(vararg texts: String) = GivenBuffers(texts.map { ByteBuffer.wrap(bytes(it)) }.iterator())

        val kinds = mapOf<String, (Iterator<ByteArray>) -> Response>(
            "a loop" to { pieces -> Response.stream("a/b") { sink -> for (piece in pieces) sink.write(piece) } },
            "a loop of empty ones too" to { pieces ->
                Response.stream("a/b") { sink ->
                    sink.write("x")
                    for (piece in pieces) sink.write(if (piece.size > 1) ByteArray(0) else piece)
                }
            },
            "a loop of Java" to { pieces -> Response.streaming("a/b") { sink -> sendEach(sink, pieces) } },
            "a flow" to { pieces -> Response.stream("a/b", flow { for (piece in pieces) emit(piece) }) },
            "sendAll" to { pieces -> Response.streaming("a/b") { sink -> sink.sendAll(pieces) } },
            "a publisher" to { pieces -> Response.publishing("a/b", GivenBuffers(pieces.asSequence().map(ByteBuffer::wrap).iterator())) },
        )

        test("whoever writes gives others their turn after 64 pieces, though the client takes all of them at once") {
            val packed = listOf("a loop", "a loop of empty ones too").associate { "$it with gzip" to kinds.getValue(it) }
            for ((kind, answer) in kinds + packed) {
                withClue(kind) {
                    lateinit var scene: WebScene
                    var given = 0
                    var givenBeforeOthers = 0
                    val pieces = generateSequence(0) { it + 1 }.take(500).onEach { number ->
                        if (number == 0) scene.reactor.callFromThread { givenBeforeOthers = given }
                        given++
                    }.map { bytes("$it\n") }
                    scene(handler = { answer(pieces.iterator()).withHeader("Content-Type", "text/plain") }) {
                        scene = this
                        val served = if (kind in packed) site.with(Gzip.filter()) else site
                        val client = connect(reactor.listenTcp(0, served, "127.0.0.1"))
                        val got = client.ask(get("/", "Accept-Encoding: gzip\r\n"))
                        got shouldEndWith "0\r\n\r\n"
                        given shouldBe 500
                        givenBeforeOthers shouldBeLessThan 2 * 64 + 1
                    }
                }
            }
        }

        test("an iterator waits for the client, and is closed when that goes away, also one that is asked in threads") {
            val ways = mapOf<String, (BodySink, CountedPieces) -> CompletableFuture<Void?>>(
                "loop" to { sink, pieces -> sink.sendAll(pieces) },
                "thread" to { sink, pieces -> sink.sendAllInThread(pieces) },
                "stream" to { sink, pieces -> sink.sendAllInThread { pieces.stream() } },
            )
            for ((way, send) in ways) {
                withClue(way) {
                    val pieces = CountedPieces(20_000) { ByteArray(1000) }
                    scene(handler = { Response.streaming("a/b") { sink -> send(sink, pieces) } }) {
                        val client = connect()
                        client.transport.pauseProducing()
                        client.send(get("/"))
                        reactor.flush()
                        pieces.given shouldBeLessThan 2000
                        pieces.closed shouldBe 0
                        client.transport.abortConnection()
                        reactor.flush()
                        pieces.closed shouldBe 1
                        val last = pieces.given
                        reactor.flush()
                        pieces.given shouldBe last
                        pieces.isOnOneThread shouldBe true
                    }
                }
            }
        }

        test("all pieces come, in their order, and the source is closed before the answer ends") {
            for (way in listOf("loop", "thread")) {
                withClue(way) {
                    val pieces = CountedPieces(20_000) { bytes("$it,") }
                    val whole = (0 until 20_000).joinToString("") { "$it," }
                    scene(
                        handler = {
                            Response.streaming("a/b", {
                                if (way ==
                                    "loop"
                                ) {
                                    it.sendAll(pieces)
                                } else {
                                    it.sendAllInThread(pieces)
                                }
                            }, whole.length.toLong())
                        },
                    ) {
                        connect().ask(get("/")).substringAfter("\r\n\r\n") shouldBe whole
                        pieces.closed shouldBe 1
                    }
                }
            }
        }

        test(
            "a source that fails cuts the answer, is closed and reported; one that cannot be closed is reported, and the answer is whole",
        ) {
            for (way in listOf("loop", "thread")) {
                withClue(way) {
                    CapturedLogs.start().use { logs ->
                        val failing = CountedPieces { if (it < 3) bytes("x") else error("no more") }
                        val unclosed = CountedPieces(3, { error("cannot be closed") }) { bytes("x") }
                        scene(handler = { request ->
                            val pieces = if (request.target == "/fails") failing else unclosed
                            Response.streaming("a/b") { if (way == "loop") it.sendAll(pieces) else it.sendAllInThread(pieces) }
                        }) {
                            val client = connect()
                            client.ask(get("/fails")) shouldNotContain "0\r\n\r\n"
                            client.end.shouldBeInstanceOf<ConnectionLost>()
                            failing.closed shouldBe 1
                            logs.flushLoggedErrors(IllegalStateException::class.java).single().throwable!!.message shouldBe "no more"
                            connect().ask(get("/")) shouldEndWith "x\r\n0\r\n\r\n"
                            logs.flushLoggedErrors(IllegalStateException::class.java).single().throwable!!.message shouldBe
                                "cannot be closed"
                        }
                    }
                }
            }
        }

        test("a piece that is null in a program of Java is no end: the answer is cut") {
            @Suppress("UNCHECKED_CAST") // as Java has it
            val pieces = listOf(bytes("x"), null) as List<ByteArray>
            for (way in listOf("loop", "thread", "stream")) {
                withClue(way) {
                    CapturedLogs.start().use { logs ->
                        scene(handler = {
                            Response.streaming("a/b") { sink ->
                                when (way) {
                                    "loop" -> sink.sendAll(pieces.iterator())
                                    "thread" -> sink.sendAllInThread(pieces.iterator())
                                    else -> sink.sendAllInThread { pieces.stream() }
                                }
                            }
                        }) {
                            val client = connect()
                            client.ask(get("/")) shouldNotContain "0\r\n\r\n"
                            client.end.shouldBeInstanceOf<ConnectionLost>()
                            logs.flushLoggedErrors(NullPointerException::class.java).single().throwable!!.message shouldContain "null"
                        }
                    }
                }
            }
        }

        test("a source that throws a cancellation has failed, and nobody is cancelled: the log says what it was") {
            val pieces = sequence {
                yield(bytes("x"))
                throw CancellationException("the rows are gone")
            }
            val broken = Reactive.Publisher<ByteBuffer> { throw CancellationException("the rows are gone") }
            val ways = mapOf<String, (BodySink) -> CompletableFuture<Void?>>(
                "loop" to { it.sendAll(pieces.iterator()) },
                "thread" to { it.sendAllInThread(pieces.iterator()) },
                "stream" to { it.sendAllInThread { throw CancellationException("the rows are gone") } },
                "publisher" to { it.sendAll(broken) },
            )
            for ((way, send) in ways) {
                withClue(way) {
                    CapturedLogs.start().use { logs ->
                        lateinit var sending: CompletableFuture<*>
                        scene(handler = { Response.streaming("a/b") { sink -> send(sink).also { sending = it } } }) {
                            val client = connect()
                            client.ask(get("/")) shouldNotContain "0\r\n\r\n"
                            client.end.shouldBeInstanceOf<ConnectionLost>()
                            sending.isCancelled shouldBe false
                            val logged = logs.flushLoggedErrors(IllegalStateException::class.java).single().throwable
                            generateSequence(logged) { it.cause }.last().message shouldBe "the rows are gone"
                        }
                    }
                }
            }
        }

        test("a future that is cancelled ends the sending, and the source is closed once") {
            for (way in listOf("loop", "thread")) {
                withClue(way) {
                    val pieces = CountedPieces(20_000) { ByteArray(1000) }
                    lateinit var sending: CompletableFuture<*>
                    scene(handler = {
                        Response.streaming("a/b") { sink ->
                            sending = if (way == "loop") sink.sendAll(pieces) else sink.sendAllInThread(pieces)
                            sending.handle { _, _ -> null }
                        }
                    }) {
                        val client = connect()
                        client.transport.pauseProducing()
                        client.send(get("/"))
                        reactor.flush()
                        sending.cancel(false)
                        reactor.flush()
                        pieces.closed shouldBe 1
                        client.transport.resumeProducing()
                        reactor.flush()
                        client.got() shouldEndWith "\r\n0\r\n\r\n"
                    }
                }
            }
        }

        test("a source of the pool that nobody has asked is closed there too, where it may wait") {
            var closedOn: Thread? = null
            val pieces = CountedPieces(3, { closedOn = Thread.currentThread() }) { bytes("x") }
            lateinit var given: BodySink
            lateinit var sending: CompletableFuture<*>
            scene(handler = {
                Response.streaming("a/b") { sink ->
                    given = sink
                    CompletableFuture<Unit>()
                }
            }) {
                connect().send(get("/"))
                reactor.flush()
                thread { sending = given.sendAllInThread(pieces) }.join()
                sending.cancel(false) // before the reactor has come to it
                reactor.flush()
                pieces.given shouldBe 0
                pieces.closed shouldBe 1
                closedOn shouldNotBe Thread.currentThread()
            }
        }

        test("the head of a publisher goes out with its first piece: before that a failure is 500, and behind it a cut") {
            val ways = mapOf<String, (Iterator<ByteBuffer>) -> Response>(
                "publisher" to { Response.publishing("a/b", GivenBuffers(it)) },
                "flow" to { Response.stream("a/b", flowOf(it)) },
                "gzip" to { Response.publishing("text/plain", GivenBuffers(it)) },
            )
            for ((way, answer) in ways) {
                withClue(way) {
                    CapturedLogs.start().use { logs ->
                        scene(handler = { request ->
                            answer(
                                iterator {
                                    if (request.target == "/404") throw ResponseException(404)
                                    if (request.target == "/500") error("secret")
                                    yield(ByteBuffer.wrap(bytes("x")))
                                    if (request.target == "/cut") error("secret")
                                },
                            )
                        }) {
                            val port = reactor.listenTcp(0, if (way == "gzip") site.with(Gzip.filter()) else site, "127.0.0.1")
                            val client = connect(port)
                            val fields = if (way == "gzip") "Accept-Encoding: gzip\r\n" else ""
                            client.ask(get("/404", fields)) shouldStartWith "HTTP/1.1 404 "
                            logs.flushLoggedErrors().shouldBeEmpty()
                            val failed = client.ask(get("/500", fields))
                            failed shouldStartWith "HTTP/1.1 500 "
                            failed shouldNotContain "secret"
                            logs.flushLoggedErrors(IllegalStateException::class.java).size shouldBe 1
                            client.ask(get("/", fields)) shouldEndWith "\r\n0\r\n\r\n"
                            client.ask(get("/cut", fields)) shouldNotContain "0\r\n\r\n"
                            client.end.shouldBeInstanceOf<ConnectionLost>()
                            logs.flushLoggedErrors(IllegalStateException::class.java).size shouldBe 1
                        }
                    }
                }
            }
        }

        test("the buffers of a publisher stay as they are: the next request gets the same ones") {
            val given = listOf("ab", "c").map { ByteBuffer.wrap(bytes(it)) }
            scene(handler = { request ->
                val publisher = GivenBuffers(given.iterator())
                when (request.target) {
                    "/chunks" -> Response.publishing("a/b", publisher)
                    "/java" -> Response.streaming("a/b", { sink -> sink.sendAll(publisher) }, 3)
                    else -> Response.publishing("a/b", publisher, 3)
                }
            }) {
                val client = connect()
                repeat(2) {
                    for (path in listOf("/", "/java")) client.ask(get(path)) shouldEndWith "\r\n\r\nabc"
                    client.ask(get("/chunks")) shouldEndWith "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
                }
                given.map { it.remaining() } shouldBe listOf(2, 1)
            }
        }

        test("one that gives nothing is an empty body; one that is shorter than its length gives 500 or a cut") {
            CapturedLogs.start().use { logs ->
                scene(handler = { request ->
                    when (request.target) {
                        "/empty" -> Response.publishing("a/b", buffers())
                        "/none" -> Response.stream("a/b", emptyFlow(), 0)
                        "/short" -> Response.publishing("a/b", buffers(), 3)
                        "/cut" -> Response.publishing("a/b", buffers("ab"), 3)
                        "/long" -> Response.publishing("a/b", buffers("ab", "cd"), 3)
                        else -> Response.publishing("a/b", buffers("ab", "", "c"), 3)
                    }
                }) {
                    val client = connect()
                    client.ask(get("/empty")) shouldEndWith "\r\n\r\n0\r\n\r\n"
                    client.ask(get("/none")) shouldContain "Content-Length: 0\r\n"
                    client.ask(get("/")) shouldEndWith "Content-Length: 3\r\n\r\nabc"
                    client.ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n") shouldEndWith "Content-Length: 3\r\n\r\n"
                    client.ask(get("/short")) shouldStartWith "HTTP/1.1 500 "
                    for (path in listOf("/cut", "/long")) connect().also { it.ask(get(path)) }.end.shouldBeInstanceOf<ConnectionLost>()
                    logs.flushLoggedErrors(IllegalStateException::class.java).size shouldBe 3
                }
            }
        }

        test("one that gives nothing for too long is late, and one whose client goes is not wanted: both are cancelled") {
            for (end in listOf("late", "gone")) {
                withClue(end) {
                    var cancelled = 0
                    val never = flow<ByteArray> {
                        try {
                            awaitCancellation()
                        } finally {
                            cancelled++
                        }
                    }
                    val listener = Recording()
                    scene(HttpServerOptions.DEFAULT.withListener(listener), { Response.stream("a/b", never) }) {
                        CapturedLogs.start().use {
                            val client = connect()
                            client.send(get("/"))
                            pass(59)
                            client.got() shouldBe ""
                            if (end == "late") pass(2) else client.transport.abortConnection()
                            reactor.flush()
                            cancelled shouldBe 1
                            if (end == "late") {
                                client.got() shouldStartWith "HTTP/1.1 503 "
                                val page = "503 Service Unavailable\n"
                                listener.ended.single().bytesSent shouldBe page.length.toLong()
                            }
                            listener.ended.single().isWhole shouldBe (end == "late")
                        }
                    }
                }
            }
        }
    })

private fun flowOf(buffers: Iterator<ByteBuffer>): Flow<ByteArray> = flow {
    for (buffer in buffers) emit(ByteArray(buffer.remaining()).also(buffer::get))
}

/** As Java's programs do it by hand. */
private fun sendEach(sink: BodySink, pieces: Iterator<ByteArray>): CompletableFuture<Void?> {
    while (pieces.hasNext()) {
        val sent = sink.send(pieces.next())
        if (!sent.isDone || sent.isCompletedExceptionally) return sent.thenCompose { sendEach(sink, pieces) }
    }
    return CompletableFuture.completedFuture(null)
}

/** A source that counts. Each has [count] pieces. */
private class CountedPieces(
    private val count: Int = Int.MAX_VALUE,
    private val closing: () -> Unit = {},
    private val make: (Int) -> ByteArray,
) : Iterator<ByteArray>,
    AutoCloseable {
    @Volatile
    var given = 0

    @Volatile
    var closed = 0

    @Volatile
    var isOnOneThread = true
    private val isAsked = java.util.concurrent.atomic.AtomicBoolean()

    private fun <T> alone(call: () -> T): T {
        if (!isAsked.compareAndSet(false, true)) isOnOneThread = false
        return call().also { isAsked.set(false) }
    }

    override fun hasNext() = alone { given < count }

    override fun next() = alone { make(given).also { given++ } }

    override fun close() = alone {
        closed++
        closing()
    }

    fun stream(): Stream<ByteArray> = Stream.generate(::next).limit(count.toLong()).onClose(::close)
}

/** A publisher that gives all on the thread that asks. */
private class GivenBuffers(private val items: Iterator<ByteBuffer>) : Reactive.Publisher<ByteBuffer> {
    override fun subscribe(subscriber: Reactive.Subscriber<in ByteBuffer>) = subscriber.onSubscribe(
        object : Reactive.Subscription {
            private var isOver = false

            override fun request(n: Long) {
                if (isOver) return
                try {
                    repeat(n.toInt()) {
                        if (isOver || !items.hasNext()) return@repeat
                        subscriber.onNext(items.next())
                    }
                    if (!isOver && !items.hasNext()) {
                        isOver = true
                        subscriber.onComplete()
                    }
                } catch (e: Exception) {
                    isOver = true
                    subscriber.onError(e)
                }
            }

            override fun cancel() {
                isOver = true
            }
        },
    )
}
