// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ConnectionDone
import dev.torsion.net.ConnectionLost
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.successResultOf
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import java.time.Duration
import java.util.concurrent.Flow
import java.util.concurrent.SubmissionPublisher

/** Server-sent events: what is on the wire, and when. */
class EventStreamSpec :
    FunSpec({
        fun text(event: ServerSentEvent) = event.encoded().decodeToString()

        test("an event has its fields, and a line of data for each line") {
            text(ServerSentEvent.data("a")) shouldBe "data: a\n\n"
            text(ServerSentEvent.data("")) shouldBe "data: \n\n"
            text(ServerSentEvent.data("a\nb\r\nc\rd\n")) shouldBe "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"
            text(
                ServerSentEvent.data("\u00e4").withId("7").withEvent("price").withRetry(Duration.ofSeconds(3)).withComment("x\ny"),
            ) shouldBe
                ": x\n: y\nevent: price\nid: 7\nretry: 3000\ndata: \u00e4\n\n"
            text(ServerSentEvent.comment("hello\rdata: forged")) shouldBe ": hello\n: data: forged\n\n"
        }

        test("an id or a type that would begin another field is refused") {
            for (id in listOf("a\nb", "a\rb", "a\u0000")) shouldThrow<IllegalArgumentException> { ServerSentEvent.data("a").withId(id) }
            for (type in listOf("a\nb", "a\rb")) shouldThrow<IllegalArgumentException> { ServerSentEvent.data("a").withEvent(type) }
            shouldThrow<IllegalArgumentException> { ServerSentEvent.data("a").withRetry(Duration.ofMillis(-1)) }
            shouldThrow<IllegalArgumentException> { EventStream.of(flowOf(), Duration.ZERO) }
        }

        fun chunk(text: String) = "${text.toByteArray().size.toString(16)}\r\n$text\r\n"

        test("events go out as they come, and a comment when none has come for a while; the end of the events is that of the answer") {
            scene(handler = {
                EventStream.of(
                    flow {
                        emit(ServerSentEvent.data("1"))
                        delay(14_000)
                        emit(ServerSentEvent.data("2"))
                        delay(31_000)
                        emit(ServerSentEvent.data("3"))
                    },
                )
            }) {
                val client = connect()
                val head = client.ask(get("/"))
                head shouldContain "Content-Type: text/event-stream\r\n"
                head shouldContain "Cache-Control: no-cache\r\n"
                head shouldEndWith "\r\n\r\n" + chunk("data: 1\n\n")
                pass(14)
                client.got() shouldBe chunk("data: 2\n\n")
                pass(14)
                client.got() shouldBe ""
                pass(1)
                client.got() shouldBe chunk(":\n\n")
                pass(16)
                client.got() shouldBe chunk(":\n\n") + chunk("data: 3\n\n") + "0\r\n\r\n"
                client.isConnected shouldBe true
                pass(20)
                client.got() shouldBe ""
            }
        }

        test("the id of the last event is what the client says, in UTF-8") {
            scene(handler = { EventStream.of(flowOf(ServerSentEvent.data("${EventStream.lastEventId(it)}"))) }) {
                connect().ask(get("/")) shouldContain "data: null\n"
                connect().ask(get("/", "Last-Event-ID: \u00c3\u00a4 7\r\n")) shouldContain "data: \u00c3\u00a4 7\n"
            }
        }

        test("a stop lets no events go on: the answer ends in order, by each kind of stop") {
            for (kind in listOf("drain", "reactor")) {
                withClue(kind) {
                    var isCancelled = false
                    val listener = Recording()
                    val events = flow {
                        try {
                            emit(ServerSentEvent.data("1"))
                            awaitCancellation()
                        } finally {
                            isCancelled = true
                        }
                    }
                    scene(HttpServerOptions.DEFAULT.withListener(listener), { EventStream.of(events) }) {
                        val client = connect()
                        client.ask(get("/")) shouldEndWith chunk("data: 1\n\n")
                        if (kind == "drain") {
                            val drained = port.drain()
                            reactor.flush()
                            successResultOf(drained).cutConnections shouldBe 0
                            client.got() shouldBe "0\r\n\r\n"
                            client.end.shouldBeInstanceOf<ConnectionDone>()
                        } else {
                            reactor.close() // with the client
                        }
                        isCancelled shouldBe true
                        listener.ended.single().isWhole shouldBe true
                    }
                }
            }
        }

        test("a site that listens on another port still goes on there; the events of the port that stops end with the next comment") {
            scene(handler = { EventStream.of(flow { awaitCancellation() }) }) {
                val other = reactor.listenTcp(0, site, "127.0.0.1")
                val stays = connect(other)
                val goes = connect()
                for (client in listOf(stays, goes)) client.ask(get("/"))
                port.drain(Duration.ofSeconds(60))
                pass(16)
                goes.got() shouldEndWith "0\r\n\r\n"
                goes.end.shouldBeInstanceOf<ConnectionDone>()
                stays.got() shouldNotContain "0\r\n\r\n"
                stays.isConnected shouldBe true
            }
        }

        test("the events are cancelled when the client goes, and fail with a cut") {
            var isCancelled = false
            scene(handler = { request ->
                EventStream.of(
                    flow {
                        try {
                            delay(1000)
                            if (request.target == "/fails") error("broken")
                            awaitCancellation()
                        } finally {
                            isCancelled = true
                        }
                    },
                )
            }) {
                CapturedLogs.start().use { logs ->
                    val client = connect()
                    client.ask(get("/"))
                    client.transport.abortConnection()
                    reactor.flush()
                    isCancelled shouldBe true
                    val failing = connect()
                    failing.ask(get("/fails"))
                    pass(1)
                    failing.end.shouldBeInstanceOf<ConnectionLost>()
                    logs.flushLoggedErrors().size shouldBe 1
                    reactor.delayedCalls().shouldBeEmpty()
                }
            }
        }

        test("a time between comments that is next to nothing does not hold the loop") {
            val listener = Recording()
            scene(HttpServerOptions.DEFAULT.withListener(listener), { EventStream.of(flow { awaitCancellation() }, Duration.ofNanos(1)) }) {
                val client = connect()
                client.transport.pauseProducing() // the server has room for some comments, and not for all that there could be
                client.send(get("/"))
                reactor.flush()
                client.transport.abortConnection()
                reactor.flush()
                listener.ended.single().bytesSent shouldBe 0
            }
        }

        test("a client that takes nothing holds up its own events, and is cut off in the end") {
            var made = 0
            scene(handler = {
                EventStream.of(
                    flow {
                        while (true) {
                            emit(ServerSentEvent.data("x".repeat(1000)))
                            made++
                        }
                    },
                )
            }) {
                val client = connect()
                client.transport.pauseProducing()
                client.send(get("/"))
                pass(1)
                val before = made
                (before in 10..3000) shouldBe true
                pass(50)
                made shouldBe before
                pass(20)
                made shouldBe before
                client.transport.resumeProducing()
                reactor.flush()
                client.end.shouldBeInstanceOf<ConnectionLost>()
            }
        }

        test("events that are always there leave others their turn") {
            var made = 0
            scene(handler = {
                EventStream.of(
                    flow {
                        while (true) {
                            emit(ServerSentEvent.data("x"))
                            made++
                        }
                    },
                )
            }) {
                val client = connect()
                client.send(get("/"))
                repeat(50) {
                    val before = made
                    reactor.turn()
                    (made - before <= 130) shouldBe true
                }
                (made > 1000) shouldBe true
                client.transport.abortConnection()
                reactor.flush()
            }
        }

        test("a publisher gives one event at a time; it is cancelled when the client goes") {
            SubmissionPublisher<ServerSentEvent>(Runnable::run, 4).use { publisher ->
                scene(handler = { EventStream.of(publisher) }) {
                    val client = connect()
                    client.ask(get("/"))
                    for (i in 1..3) {
                        publisher.submit(ServerSentEvent.data("$i"))
                        reactor.flush()
                        client.got() shouldBe chunk("data: $i\n\n")
                    }
                    publisher.numberOfSubscribers shouldBe 1
                    client.transport.abortConnection()
                    reactor.flush()
                    publisher.submit(ServerSentEvent.data("4"))
                    publisher.numberOfSubscribers shouldBe 0
                    val last = connect()
                    last.ask(get("/"))
                    publisher.close()
                    reactor.flush()
                    last.got() shouldBe "0\r\n\r\n"
                }
            }
        }

        test("a publisher that subscribes late, fails or gives too much is dealt with") {
            lateinit var subscriber: Flow.Subscriber<in ServerSentEvent>
            val subscription = Counting()
            scene(handler = { EventStream.of { s -> subscriber = s } }) {
                CapturedLogs.start().use { logs ->
                    val late = connect()
                    late.ask(get("/"))
                    late.transport.abortConnection()
                    reactor.flush()
                    subscriber.onSubscribe(subscription)
                    subscription.cancelled shouldBe 1
                    for (fault in listOf("error", "too much")) {
                        val client = connect()
                        client.ask(get("/")) shouldStartWith "HTTP/1.1 200 "
                        subscriber.onSubscribe(subscription)
                        if (fault == "error") {
                            subscriber.onError(IllegalStateException("broken"))
                        } else {
                            client.transport.pauseProducing()
                            repeat(9) { subscriber.onNext(ServerSentEvent.data("x".repeat(300_000))) }
                            reactor.flush()
                            client.transport.resumeProducing()
                        }
                        reactor.flush()
                        withClue(fault) { client.end.shouldBeInstanceOf<ConnectionLost>() }
                    }
                    logs.flushLoggedErrors(IllegalStateException::class.java).size shouldBe 2
                }
            }
        }
    })

private class Counting : Flow.Subscription {
    var cancelled = 0

    override fun request(n: Long) = Unit

    override fun cancel() {
        cancelled++
    }
}
