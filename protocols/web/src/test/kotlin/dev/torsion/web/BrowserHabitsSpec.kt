// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.defer.succeed
import dev.torsion.reactor.Reactor
import dev.torsion.web.Live.withReactor
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.flow.MutableSharedFlow
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** The habits of browsers with their connections, over real sockets, without a browser. */
class BrowserHabitsSpec :
    FunSpec({
        test("a stream without an end whose client resets it just when it is told of room is written no more") {
            withReactor("web-test") { reactor ->
                val client = CompletableFuture<Socket>()
                val goneOn = CompletableFuture<Int>()
                val site = Site(reactor) {
                    Response.stream("a/b") { sink ->
                        var isLater = false // than the first go, so that it was told of room
                        reactor.callFromThread { isLater = true }
                        var pieces = 0
                        try {
                            while (pieces < ENDLESS) {
                                sink.write(ByteArray(100_000))
                                if (isLater && pieces++ == 0) client.get().reset()
                            }
                        } finally {
                            goneOn.complete(pieces)
                        }
                    }
                }
                client.complete(connected(reactor.listening(site)))
                client.get().say(get("/"))
                runCatching { client.get().getInputStream().readAllBytes() } // until it is reset
                goneOn.get(20, TimeUnit.SECONDS) shouldBeLessThan ENDLESS
            }
        }

        test("a stop waits for none that says nothing, or not all, nor for one that hears of events") {
            val left = ArrayList<Socket>()
            withReactor("web-test", drainTimeout = Duration.ofMinutes(5)) { reactor ->
                val cut = CompletableFuture<Throwable>()
                val router = Router {
                    get("/") { Response.text("hello") }
                    get("/events") { EventStream.of(MutableSharedFlow()) }
                    post("/") { request ->
                        try {
                            Response.text("${request.body.readBytes().size}")
                        } catch (e: Throwable) {
                            throw e.also(cut::complete)
                        }
                    }
                }
                val port = reactor.listening(Site(reactor, router))
                fun connect(text: String = "") = connected(port).say(text).also(left::add)
                repeat(3) { connect() }
                connect(get("/")).line() shouldBe "HTTP/1.1 200 OK"
                connect("GET / HTTP/1.1\r\nHo")
                connect(get("/events")).line() shouldBe "HTTP/1.1 200 OK"
                val upload = connected(port).say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n")
                upload.line() shouldBe "HTTP/1.1 100 Continue"
                upload.say("half").reset()
                cut.get(20, TimeUnit.SECONDS).shouldBeInstanceOf<IncompleteMessageException>()
            }
            left.forEach { each -> each.use { runCatching { it.getInputStream().readAllBytes() } } } // all of them are at their end
        }
    }) {
    private companion object {
        const val ENDLESS = 1000

        fun Reactor.listening(site: Site): Int = blockingCallFromThread { succeed(listenTcp(0, site, "127.0.0.1").port()) }

        fun connected(port: Int) = Socket("127.0.0.1", port).apply { soTimeout = 20_000 }

        fun Socket.say(text: String) = apply { getOutputStream().write(text.toByteArray()) }

        fun Socket.line() = buildString {
            while (true) append(getInputStream().read().toChar().takeIf { it != '\r' } ?: break)
        }

        fun Socket.reset() {
            setSoLinger(true, 0)
            close()
        }
    }
}
