// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.reactor.Reactor
import dev.torsion.service.RetryPolicy
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.kotest.TorsionSpecExtension
import dev.torsion.web.EventStream
import dev.torsion.web.HttpViolationException
import dev.torsion.web.IncompleteMessageException
import dev.torsion.web.Response
import dev.torsion.web.ServerSentEvent
import dev.torsion.web.Site
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.time.Duration
import kotlin.time.Duration.Companion.seconds

/** Events of a server, and what becomes of them when it is slow, gone, wrong or silent. */
class EventSourceSpec :
    FunSpec({
        val torsion = extension(TorsionSpecExtension())
        val steady = EventSourceOptions.DEFAULT.withRetryPolicy { Duration.ofSeconds(it.toLong()) }
        val head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

        fun scene(options: HttpClientOptions = HttpClientOptions.DEFAULT, test: ClientScene.() -> Unit) =
            inScene(torsion.reactor, options, test)

        fun ClientScene.source(options: EventSourceOptions = steady, path: String = "/") =
            HttpClient.of(agent).get(url(path)).events(options)

        fun ClientScene.listen(source: EventSource) = Heard().also {
            it.closing = source.listen(it)
            reactor.flush()
        }

        test("the request says what it wants, and events come as they are sent") {
            scene {
                val heard = listen(source(path = "/prices"))
                peers.single().got() shouldBe "GET /prices HTTP/1.1\r\nHost: $host\r\nAccept-Encoding: identity\r\n" +
                    "Cache-Control: no-cache\r\nAccept: text/event-stream\r\n\r\n"
                heard.opened shouldBe 0
                answer(head)
                heard.opened shouldBe 1
                answer("data: a\n")
                heard.data.shouldBeEmpty()
                answer("\nevent: b\nid: 7\ndata: c\n\n")
                heard.events shouldBe listOf(ServerEvent("message", "a", ""), ServerEvent("b", "c", "7"))
                heard.closing.close()
                reactor.flush()
                peers.single().end shouldNotBe null
                heard.ends shouldBe 0
            }
        }

        test("the end of an answer, its loss and a refused connection lead to another attempt, with the last id") {
            scene {
                val heard = listen(source())
                answer(head + "id: \u00c3\u00a41\ndata: a\n\nid: 2\ndata: lost")
                peers.last().transport.loseConnection()
                reactor.flush()
                heard.interrupted.single() shouldBe (null to Duration.ofSeconds(1))
                pass(999)
                peers.size shouldBe 1
                pass(1)
                peers[1].got() shouldContain "Last-Event-ID: \u00c3\u00a41\r\n"
                peers[1].transport.abortConnection()
                reactor.flush()
                heard.interrupted[1].first.shouldBeInstanceOf<IncompleteMessageException>()
                heard.interrupted[1].second shouldBe Duration.ofSeconds(2)
                port.stopListening()
                pass(2000)
                heard.interrupted[2].first.shouldBeInstanceOf<ConnectionRefusedException>()
                heard.interrupted[2].second shouldBe Duration.ofSeconds(3)
                heard.closing.close()
                heard.data shouldBe listOf("a")
                heard.ends shouldBe 0
            }
        }

        test("delays grow while nothing comes, and begin anew with the first byte") {
            scene {
                val heard = listen(source())
                for (i in 1..3) {
                    answer(head)
                    peers.last().transport.loseConnection()
                    pass(i * 1000L)
                }
                answer("$head:\n")
                peers.last().transport.loseConnection()
                reactor.flush()
                heard.interrupted.map { it.second.toSeconds() } shouldBe listOf(1L, 2, 3, 1)
                heard.closing.close()
            }
        }

        test("the server says the time before the next attempt, within bounds; of those that fail it is the least") {
            for ((said, waited) in listOf("3000" to 3000L, "0" to 500L, "99999999999999999999" to 3_600_000L)) {
                scene {
                    val heard = listen(source())
                    answer("${head}retry: $said\n")
                    peers.last().transport.loseConnection()
                    reactor.flush()
                    heard.interrupted.single().second shouldBe Duration.ofMillis(waited)
                    pass(waited)
                    peers.last().transport.loseConnection()
                    reactor.flush()
                    heard.interrupted.last().second shouldBe Duration.ofMillis(maxOf(waited, 2000))
                    heard.closing.close()
                }
            }
        }

        test("204 is the end, at once and later") {
            scene {
                val heard = listen(source())
                answer(head + "data: a\n\n")
                peers.last().transport.loseConnection()
                pass(1000)
                answer("HTTP/1.1 204 No Content\r\n\r\n")
                heard.ends shouldBe 1
                heard.error shouldBe null
                pass(100_000)
                peers.size shouldBe 2
            }
        }

        test("another status, another type and a coding that was not asked for are errors for good") {
            val wrong = mapOf(
                "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy" to HttpStatusException::class,
                "HTTP/1.1 201 Made\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n" to HttpStatusException::class,
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" to NoEventStreamException::class,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" to NoEventStreamException::class,
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-streams\r\n\r\n" to NoEventStreamException::class,
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n" to NoEventStreamException::class,
                "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n" to HttpViolationException::class,
            )
            for ((answer, type) in wrong) {
                scene {
                    val heard = listen(source())
                    answer(answer)
                    withClue(answer) { heard.error!!::class shouldBe type }
                    if (type == NoEventStreamException::class) heard.error!!.message shouldStartWith "The answer to GET http://"
                    pass(100_000)
                    heard.ends shouldBe 1
                    peers.size shouldBe 1
                }
            }
            scene {
                val heard = listen(source())
                answer("HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream;charset=utf-8\r\n\r\ndata: a\n\n")
                heard.data shouldBe listOf("a")
                heard.closing.close()
            }
        }

        test("an event above the limit is an error for good, with those before it") {
            scene {
                val heard = listen(source(steady.withMaxEventBytes(100)))
                answer(head + "data: a\n\ndata: " + "x".repeat(200))
                heard.data shouldBe listOf("a")
                heard.error.shouldBeInstanceOf<EventTooLargeException>()
                peers.single().end shouldNotBe null
            }
        }

        test("silence ends a connection and not the events; a comment is no silence") {
            scene {
                val heard = listen(source(steady.withSilenceTimeout(Duration.ofSeconds(20))))
                answer(head)
                repeat(5) {
                    pass(19_000)
                    answer(":\n")
                }
                heard.interrupted.shouldBeEmpty()
                pass(20_000)
                heard.interrupted.single().first.shouldBeInstanceOf<ReadTimeoutException>()
                peers.single().end shouldNotBe null
                pass(1000)
                peers.size shouldBe 2
                heard.closing.close()
            }
            scene(HttpClientOptions.DEFAULT.withRequestTimeout(Duration.ofSeconds(5))) {
                val heard = listen(source(steady.withSilenceTimeout(null)))
                answer(head)
                pass(10_000_000)
                answer("data: a\n\n")
                heard.data shouldBe listOf("a")
                heard.closing.close()
            }
        }

        test("a client that is closed leaves a stream to its end, and the next attempt fails") {
            scene {
                val heard = listen(source())
                answer(head)
                agent.close()
                answer("data: a\n\n")
                heard.data shouldBe listOf("a")
                heard.ends shouldBe 0
                peers.single().transport.loseConnection()
                pass(1000)
                heard.error.shouldBeInstanceOf<AgentClosedException>()
                heard.ends shouldBe 1
            }
        }

        test("as many attempts in a row may fail as the options say; a stream that has brought something is none of them") {
            scene {
                val heard = listen(source(steady.withMaxFailures(2)))
                answer("$head:\n")
                peers.last().transport.loseConnection()
                pass(1000)
                peers.last().transport.abortConnection()
                reactor.flush()
                heard.ends shouldBe 0
                pass(2000)
                answer(head)
                peers.last().transport.loseConnection()
                reactor.flush()
                heard.error.shouldBeInstanceOf<NoEventsException>()
                pass(100_000)
                peers.size shouldBe 3
            }
            scene {
                val heard = listen(source(steady.withMaxFailures(1)))
                peers.last().transport.abortConnection()
                reactor.flush()
                heard.error.shouldBeInstanceOf<IncompleteMessageException>()
            }
        }

        test("a POST is sent once: its end is the end of the events, and its loss an error") {
            for (isLost in listOf(false, true)) {
                scene {
                    val call = HttpClient.of(agent).post(url("/")).body("question").events()
                    val heard = listen(call)
                    answer(head + "data: a\n\n")
                    peers.last().transport.run { if (isLost) abortConnection() else loseConnection() }
                    pass(100_000)
                    heard.data shouldBe listOf("a")
                    heard.ends shouldBe 1
                    if (isLost) heard.error.shouldBeInstanceOf<IncompleteMessageException>() else heard.error shouldBe null
                    peers.size shouldBe 1
                }
            }
        }

        test("redirects are followed, each time anew") {
            httpScene(handler = { request ->
                if (request.target == "/old") {
                    Response.redirect("/new")
                } else {
                    EventStream.of(flow { emit(ServerSentEvent.data(request.target).withId("5")) })
                }
            }) {
                val heard = Heard()
                val listening = http.get("$base/old").events(steady).listen(heard)
                reactor.runFor(Duration.ofSeconds(1))
                heard.data shouldBe listOf("/new", "/new")
                paths() shouldBe listOf("GET /old", "GET /new", "GET /old", "GET /new")
                seen.map { EventStream.lastEventId(it) } shouldBe listOf(null, null, "5", "5")
                listening.close()
            }
        }

        test("a time of the call is for the head, and not for the events") {
            scene {
                val call = HttpClient.of(agent).get(url("/")).timeout(Duration.ofSeconds(5)).events(steady)
                val heard = listen(call)
                pass(5000)
                heard.interrupted.single().first.shouldBeInstanceOf<RequestTimeoutException>()
                pass(1000)
                answer(head)
                repeat(3) {
                    pass(50_000)
                    answer("data: $it\n\n")
                }
                heard.data.size shouldBe 3
                heard.closing.close()
            }
        }

        test("a reader that takes nothing holds up the server, and loses nothing") {
            scene {
                val taken = Channel<Unit>()
                val got = ArrayList<ServerEvent>()
                val job = reactor.scope.launch {
                    source().flow().collect { event ->
                        got.add(event)
                        taken.receive()
                    }
                }
                reactor.flush()
                var sent = 0
                answer(head)
                while (peers.single().transport.isWritable && sent < 10_000) answer("data: ${sent++} ${"x".repeat(1000)}\n\n")
                sent shouldBeGreaterThan 60
                sent shouldBeLessThan 5000 // the buffers of both sides, and no more
                got.size shouldBe 1
                repeat(sent) {
                    taken.trySend(Unit)
                    reactor.flush()
                }
                got.map { it.data.substringBefore(' ').toInt() } shouldBe List(sent) { it }
                job.cancel(null)
                reactor.flush()
                peers.single().end shouldNotBe null
            }
        }

        test("a flow that has enough ends the connection at once; on another dispatcher, too") {
            scene {
                val got = reactor.scope.launch { source().flow().take(2).toList().map { it.data } shouldBe listOf("a", "b") }
                reactor.flush()
                answer(head + "data: a\n\ndata: b\n\ndata: c\n\n")
                got.isCompleted shouldBe true
                got.isCancelled shouldBe false
                peers.single().end shouldNotBe null
                agent.pool.count shouldBe 0
            }
        }

        test("cancelled after each number of turns, in each state, every connection ends at once and nothing is left") {
            for (voice in listOf("flow", "listener", "publisher")) {
                for (turns in 0..40) {
                    scene {
                        val source = source()
                        val cancel: () -> Unit = when (voice) {
                            "flow" -> reactor.scope.launch { source.flow().collect() }.let { job -> { job.cancel(null) } }
                            "listener" -> source.listen { }.let { it::close }
                            else -> Wanting().also { source.publisher().subscribe(it) }.let { { it.subscription?.cancel() } }
                        }
                        var answered = 0
                        repeat(turns) {
                            reactor.turn()
                            while (answered < peers.size && peers[answered].length > 0) {
                                peers[answered].send(head + "data: a\n\n")
                                if (answered++ % 2 == 0) peers[answered - 1].transport.loseConnection()
                            }
                            if (it % 5 == 4) reactor.runFor(Duration.ofMillis(500))
                        }
                        cancel()
                        reactor.flush()
                        withClue("$voice, $turns turns") {
                            agent.pool.count shouldBe 0
                            peers.forEach { it.end shouldNotBe null }
                            reactor.delayedCalls().shouldBeEmpty()
                        }
                    }
                }
            }
        }

        test("a listener that throws ends the source with its error; one that is closed in a call hears nothing more") {
            for (place in listOf("opened", "event", "interrupted")) {
                scene {
                    val heard = Heard()
                    heard.fails = place
                    heard.closing = source().listen(heard)
                    reactor.flush()
                    answer(head + "data: a\n\ndata: b\n\n")
                    peers.last().transport.loseConnection()
                    pass(10_000)
                    withClue(place) {
                        heard.error!!.message shouldBe place
                        heard.ends shouldBe 1
                        peers.size shouldBe 1
                    }
                }
                scene {
                    val heard = Heard()
                    heard.closes = place
                    heard.closing = source().listen(heard)
                    reactor.flush()
                    answer(head + "data: a\n\ndata: b\n\n")
                    peers.last().transport.loseConnection()
                    pass(10_000)
                    withClue(place) {
                        heard.data shouldBe if (place == "opened") {
                            emptyList()
                        } else if (place == "event") {
                            listOf("a")
                        } else {
                            listOf("a", "b")
                        }
                        heard.ends shouldBe 0
                        peers.size shouldBe 1
                    }
                }
            }
        }

        test("an error that no listener hears is logged") {
            scene {
                CapturedLogs.start().use { logs ->
                    source().listen { }
                    reactor.flush()
                    answer("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
                    logs.flushLoggedErrors(HttpStatusException::class.java).size shouldBe 1
                }
            }
        }

        test("a retry policy that fails is replaced, and the log does not tell the query") {
            scene {
                CapturedLogs.start().use { logs ->
                    val heard = listen(source(steady.withRetryPolicy { error("broken") }, "/?secret"))
                    peers.last().transport.abortConnection()
                    reactor.flush()
                    logs.flushLoggedErrors(IllegalStateException::class.java).size shouldBe 1
                    heard.interrupted.single().second.toMillis().toInt().let {
                        it shouldBeGreaterThan 1400
                        it shouldBeLessThan 2600
                    }
                    heard.closing.close()
                }
                "${source(path = "/?secret")}" shouldNotContain "secret"
            }
        }

        test("an id to begin with; one that no request can say is refused") {
            scene {
                val heard = listen(source().withLastEventId("7"))
                peers.single().got() shouldContain "Last-Event-ID: 7\r\n"
                heard.closing.close()
                shouldThrow<IllegalArgumentException> { source().withLastEventId("a\nb") }
            }
        }

        test("the end of the reactor ends each voice with its error, in every state; nothing waits for ever") {
            for (state in listOf("asking", "reading", "waiting")) {
                with(
                    HttpScene(HttpClientOptions.DEFAULT) {
                        if (state == "asking") awaitCancellation()
                        if (state ==
                            "waiting"
                        ) {
                            Response.text("").withHeader("Content-Type", "text/event-stream")
                        } else {
                            EventStream.of(flow { awaitCancellation() })
                        }
                    },
                ) {
                    val source = http.get(base).events(steady.withRetryPolicy { Duration.ofDays(1) })
                    val heard = Heard()
                    source.listen(heard)
                    val wanting = Wanting().also { source.publisher().subscribe(it) }
                    var error: Throwable? = null
                    val collecting = Channel<Unit>()
                    val thread = Thread {
                        error = runCatching { runBlocking(Dispatchers.Default) { source.flow().collect() } }.exceptionOrNull()
                        collecting.close()
                    }
                    thread.start()
                    while (seen.size < 3) reactor.runFor(Duration.ofMillis(10))
                    reactor.close()
                    thread.join(10_000)
                    withClue(state) {
                        thread.isAlive shouldBe false
                        for (e in listOf(error, heard.error, wanting.error)) e shouldNotBe null
                        if (state !=
                            "asking"
                        ) {
                            listOf(error, heard.error, wanting.error).forEach { it.shouldBeInstanceOf<ReactorNotRunningException>() }
                        }
                        heard.ends shouldBe 1
                    }
                    val late = Wanting().also { source.publisher().subscribe(it) }
                    late.subscription shouldNotBe null
                    late.error.shouldBeInstanceOf<ReactorNotRunningException>()
                }
            }
        }

        test("real sockets: our own EventStream, interrupted and gone on with, on another dispatcher") {
            val reactor = Reactor.create()
            reactor.start()
            try {
                val site = Site(reactor) { request ->
                    val from = EventStream.lastEventId(request)?.toInt() ?: 0
                    if (from >= 30) {
                        Response.of(204)
                    } else {
                        EventStream.of(flow { for (i in from + 1..from + 10) emit(ServerSentEvent.data("ä $i\nline").withId("$i")) })
                    }
                }
                val port = reactor.callAndWait { reactor.listenTcp(0, site, "127.0.0.1").port() }
                HttpClient(reactor).use { http ->
                    val source = http.get("http://127.0.0.1:$port/").events(steady.withRetryPolicy { Duration.ofMillis(5) })
                    val events = runBlocking(Dispatchers.Default) { withTimeout(20.seconds) { source.flow().toList() } }
                    events.map { it.data } shouldBe (1..30).map { "ä $it\nline" }
                }
            } finally {
                check(reactor.stopAndJoin(Duration.ofSeconds(20)))
            }
        }
    })

/** Keeps all that it hears. */
private class Heard : ServerEventListener {
    val events = ArrayList<ServerEvent>()
    val interrupted = ArrayList<Pair<Throwable?, Duration>>()
    var opened = 0
    var ends = 0
    var error: Throwable? = null
    var fails: String? = null
    var closes: String? = null
    lateinit var closing: AutoCloseable
    val data get() = events.map { it.data }

    private fun called(place: String) {
        if (place == closes) closing.close()
        if (place == fails) error(place)
    }

    override fun event(event: ServerEvent) {
        events.add(event)
        called("event")
    }

    override fun opened() {
        opened++
        called("opened")
    }

    override fun interrupted(cause: Throwable?, delay: Duration) {
        interrupted.add(cause to delay)
        called("interrupted")
    }

    override fun ended(error: Throwable?) {
        ends++
        this.error = error
    }
}

/** Wants all that there is. */
internal class Wanting : java.util.concurrent.Flow.Subscriber<ServerEvent> {
    var subscription: java.util.concurrent.Flow.Subscription? = null
    val got = ArrayList<ServerEvent>()
    var error: Throwable? = null
    var isComplete = false

    override fun onSubscribe(subscription: java.util.concurrent.Flow.Subscription) {
        this.subscription = subscription
        subscription.request(Long.MAX_VALUE)
    }

    override fun onNext(item: ServerEvent) {
        got.add(item)
    }

    override fun onError(throwable: Throwable) {
        error = throwable
    }

    override fun onComplete() {
        isComplete = true
    }
}
