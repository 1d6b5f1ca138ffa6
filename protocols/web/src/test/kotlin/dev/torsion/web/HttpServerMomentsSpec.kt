// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ClientFactory
import dev.torsion.net.MinimumRate
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.TcpOptions
import dev.torsion.testkit.CapturedLogs
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import java.lang.ref.WeakReference
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import kotlin.coroutines.CoroutineContext

/** Moments at which a connection of a [Site] must not forget, answer twice, wait for ever or cut off the innocent. */
class HttpServerMomentsSpec :
    FunSpec({
        test("a connection that stays keeps nothing of the requests that have their answers") {
            val answers = ArrayList<WeakReference<Response>>()
            scene(handler = {
                delay(1)
                Response.bytes(ByteArray(1000), "a/b").also { answers.add(WeakReference(it)) }
            }) {
                val client = connect()
                repeat(20) {
                    client.send(get("/"))
                    pass(1)
                }
                answers shouldHaveSize 20
                var collections = 0
                while (answers.dropLast(1).any { it.get() != null }) {
                    check(collections++ < 100) { "${answers.count { it.get() != null }} answers are still kept" }
                    System.gc()
                }
                client.isConnected shouldBe true
            }
        }

        test("bytes that break a rule behind the part that was enough for an answer get no second answer") {
            scene(handler = {
                it.body.read()
                Response.text("x")
            }) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") shouldBe ""
                client.ask("3\r\nabc\r\nZZ").split("HTTP/1.1 ") shouldHaveSize 2
                pass(1)
                client.end shouldNotBe null
            }
        }

        test("a client that waits to be told to go on, by an answer that reads its body, has its time") {
            scene(handler = { request ->
                Response.stream("a/b") { sink -> request.body.read()?.let { sink.write(it) } }
            }) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n") shouldContain "200 OK"
                pass(29)
                client.end shouldBe null
                pass(2)
                client.end shouldNotBe null
            }
        }

        test("a minimum rate is for clients that owe bytes: not between requests, and not before an answer") {
            val rate = StreamOptions.DEFAULT.withMinimumRate(MinimumRate.builder().reading(240).build())
            scene(handler = {
                if (it.target == "/slow") delay(50_000)
                Response.of(204)
            }) {
                val client = connect(reactor.listenTcp(0, site, "127.0.0.1", 50, TcpOptions.DEFAULT.withStream(rate)))
                client.ask(get("/"))
                pass(55)
                client.send(get("/slow"))
                pass(55)
                client.got() shouldBe "HTTP/1.1 204 No Content\r\n\r\n"
                client.isConnected shouldBe true
            }
        }

        test("who reads a body on behind the answer is told that the rest is gone") {
            var reading: CompletableFuture<ByteArray>? = null
            var last: Request? = null
            scene(handler = { request ->
                last = request
                if (request.target == "/waits") reading = request.body.bytes()
                Response.of(202)
            }) {
                connect().ask("POST /waits HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n") shouldContain "202"
                connect().ask(post("/comes", "abcd")) shouldContain "202"
                val late = last!!.body.bytes()
                reactor.flush()
                for (future in listOf(reading!!, late)) {
                    shouldThrow<ExecutionException> { future.get(0, TimeUnit.SECONDS) }.cause.shouldBeInstanceOf<IllegalStateException>()
                }
            }
        }

        test("a piece that a reader does not get, since it is cancelled, is not behind later ones for the next reader") {
            lateinit var request: Request
            val elsewhere = Queued()
            scene(handler = {
                request = it
                awaitCancellation()
            }) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")
                val first = CoroutineScope(elsewhere).launch { request.body.read() }
                elsewhere.runAll()
                client.ask("abc")
                first.cancel(null)
                val second = request.body.bytes()
                elsewhere.runAll()
                client.ask("def")
                second.get(0, TimeUnit.SECONDS).decodeToString() shouldBe "abcdef"
            }
        }

        test("what a reader of all has taken before it is cancelled is there for the next one") {
            lateinit var request: Request
            scene(handler = {
                request = it
                awaitCancellation()
            }) {
                val client = connect()
                client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
                val first = request.body.bytes()
                client.ask("def")
                first.cancel(false)
                reactor.flush()
                val elsewhere = Queued()
                val second = CoroutineScope(elsewhere).launch { request.body.readBytes() }
                elsewhere.runAll()
                client.ask("ghi")
                second.cancel(null) // between winning and being handed the result
                elsewhere.runAll()
                reactor.flush()
                request.body.bytes().get(0, TimeUnit.SECONDS).decodeToString() shouldBe "abcdefghi"
            }
        }

        test(
            "an error of who waits for the end of a request, of an error page, and one that does not tell its cause, hold up no connection",
        ) {
            class Silent : RuntimeException("expected") {
                override val cause: Throwable get() = throw AssertionError("no cause")
            }
            CapturedLogs.start().use { logs ->
                scene(handler = {
                    if (it.target == "/silent") throw Silent()
                    it.onEnd { throw AssertionError("expected") }
                    Response.text("x")
                }) {
                    val client = connect()
                    repeat(2) { client.ask(get("/")) shouldStartWith "HTTP/1.1 200 " }
                    logs.flushLoggedErrors(AssertionError::class.java) shouldHaveSize 2
                    connect().ask(get("/silent")) shouldStartWith "HTTP/1.1 500 "
                    val paged = Site(reactor) { Response.error(404) }.withErrorPages { throw NotImplementedError("expected") }
                    connect(reactor.listenTcp(0, paged, "127.0.0.1")).ask(get("/")) shouldStartWith "HTTP/1.1 404 "
                }
                logs.flushLoggedErrors(NotImplementedError::class.java) shouldHaveSize 1
                logs.flushLoggedErrors()
            }
        }

        test("a client that takes a little at a time has as much time again") {
            scene(handler = { Response.stream("a/b", 3_000_000) { sink -> repeat(3) { sink.write(ByteArray(1_000_000)) } } }) {
                val client = Sipping()
                reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { client })
                reactor.flush()
                client.transport.write(get("/").toByteArray())
                repeat(6) {
                    pass(50)
                    client.isConnected shouldBe true
                    client.transport.resumeProducing()
                }
            }
        }

        test("a Host that is not that of the URL, and a coding that is not chunked alone, are refused") {
            scene(handler = { Response.of(204) }) {
                for (wrong in listOf(
                    "GET http://a/b HTTP/1.1\r\nHost: b\r\n\r\n",
                    "GET http://a:81/b HTTP/1.1\r\nHost: a\r\n\r\n",
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
                )) {
                    connect().ask(wrong) shouldStartWith "HTTP/1.1 400 "
                }
                connect().ask("GET http://A:80/b HTTP/1.1\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 204 "
            }
        }
    })

/** A client that takes one piece each time that it is told to read. */
private class Sipping : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.pauseProducing()
}

/** Another place, whose time the test decides. */
private class Queued : CoroutineDispatcher() {
    private val tasks = ArrayDeque<Runnable>()

    override fun dispatch(context: CoroutineContext, block: Runnable) {
        tasks.addLast(block)
    }

    fun runAll() {
        while (true) (tasks.removeFirstOrNull() ?: break).run()
    }
}
