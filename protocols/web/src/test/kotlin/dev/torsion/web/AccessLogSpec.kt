// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.clock.Clock
import dev.torsion.log.escaped
import dev.torsion.net.ConnectionLost
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.UnixAddress
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.VirtualClock
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import org.slf4j.event.Level
import java.nio.file.Path
import java.time.Duration

/** Each request is told once, with what became of it. */
class AccessLogSpec :
    FunSpec({
        fun record(clock: Clock, method: String? = "GET", target: String? = "/", headers: Headers = Headers.EMPTY) =
            RequestRecord(method, target, true, headers, IPv4Address("10.0.0.1", 1), IPv4Address("10.0.0.1", 1), clock)

        test("a line is that of Apache") {
            val record = record(VirtualClock(), target = "/a?b=c", headers = Headers.of("Referer", "http://a/", "User-Agent", "robot/1.0"))
            record.status = 200
            record.bytesSent = 2326
            record.end(isWhole = true, cause = null)
            CombinedLine.of(record) shouldMatch
                Regex(
                    """10\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}(:\d\d){3} \+0000] "GET /a\?b=c HTTP/1\.1" 200 2326 "http://a/" "robot/1\.0"""",
                )
        }

        test("what is missing is a dash, and a request without an answer has the status of nginx") {
            val record = record(VirtualClock(), method = null, target = null)
            record.end(isWhole = false, cause = null)
            CombinedLine.of(record).substringAfter("] ") shouldBe """"-" 499 - "-" "-""""
            for ((address, host) in listOf(IPv6Address("::1", 7) to "::1", UnixAddress(Path.of("")) to "-")) {
                CombinedLine.of(RequestRecord("GET", "/", true, Headers.EMPTY, address, address, VirtualClock())) shouldStartWith
                    "$host - - ["
            }
        }

        test("no peer forges a line: quotes, backslashes and what is not printable ASCII are escaped as by Apache") {
            val headers = Headers.of("Referer", "\" 200 5 \"x\\\"", "User-Agent", "a\tb\u0085\u00ff")
            val line = CombinedLine.of(record(VirtualClock(), method = "A", target = "/\"\\\u001b\r\n\u007f", headers = headers))
            line.substringAfter("] ") shouldBe """"A /\"\\\x1b\r\n\x7f HTTP/1.1" 499 - "\" 200 5 \"x\\\"" "a\tb\x85\xff""""
        }

        test("the user is one word, whatever its name is") {
            mapOf(
                null to "-",
                "joe" to "joe",
                "" to "\"\"",
                "-" to "\\x2d",
                "j b [x] \"" to "j\\x20b\\x20[x]\\x20\\\"",
                " " to "\\x20",
                "a\r\n1.2.3.4 - b" to "a\\r\\n1.2.3.4\\x20-\\x20b",
                "j\u00fc\u4e2d" to "j\\xc3\\xbc\\xe4\\xb8\\xad",
            ).forEach { (user, expected) ->
                val record = record(VirtualClock())
                record.user = user
                CombinedLine.of(record).substringAfter("10.0.0.1 - ").substringBefore(" [") shouldBe expected
            }
        }

        test("the user that a filter names is in both logs, also when the handler fails") {
            val lines = ArrayList<String>()
            val options = HttpServerOptions.DEFAULT.withListener(AccessLog.combined(lines::add).and(AccessLog.structured()))
            CapturedLogs.start().use { logs ->
                scene(options, {
                    it.user = "joe\n\u001b"
                    if (it.target == "/fails") error("broken")
                    Response.text("hello ${it.user?.length}")
                }) {
                    val client = connect()
                    client.ask(get("/"))
                    client.ask(get("/fails"))
                }
                lines.map { it.substringBefore(" [") } shouldBe List(2) { "127.0.0.1 - joe\\n\\x1b" }
                logs.events(Level.INFO).filter { it.namespace == "dev.torsion.web.AccessLog" }.map { it.values["user"] } shouldBe
                    List(2) { escaped("joe\n\u001b") }
                logs.flushLoggedErrors().size shouldBe 1
            }
        }

        fun heard(
            handler: suspend (Request) -> Response,
            options: HttpServerOptions = HttpServerOptions.DEFAULT,
            test: Overheard.() -> Unit,
        ) {
            val listener = Recording()
            scene(options.withListener(listener), handler) { Overheard(this, listener).test() }
            withClue("each that has begun has ended") { listener.open.shouldBeEmpty() }
        }

        val ok: suspend (Request) -> Response = { Response.text("hello") }

        test("each of several requests ahead is told, in order, with status, bytes and duration") {
            heard({
                delay(250)
                if (it.target == "/none") Response.error(404) else Response.text(it.body.readText() + "hello")
            }) {
                scene.run {
                    val client = connect()
                    client.send(get("/1") + post("/2", "body") + "HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/none"))
                    pass(2)
                    listener.ended.map { "${it.method} ${it.target} ${it.status} ${it.bytesReceived} ${it.bytesSent}" } shouldContainExactly
                        listOf("GET /1 200 0 5", "POST /2 200 4 9", "HEAD /3 200 0 0", "GET /none 404 0 14")
                    listener.ended.forEach {
                        it.isWhole shouldBe true
                        it.cause shouldBe null
                        it.duration shouldBe Duration.ofMillis(250)
                    }
                }
            }
        }

        test("what is refused before a handler is told as well") {
            heard(ok) {
                scene.run {
                    connect().ask("GET / HTTP/1.1\r\nHost : a\r\n\r\n")
                    connect().ask("GET /${"a".repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n")
                    connect().ask(get("/", "X: ${"a".repeat(9000)}\r\n"))
                    connect().ask(post("/", "b", "Expect: miracles\r\n"))
                    connect().ask("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n")
                    connect().ask("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n")
                    connect().send("GET / HT")
                    pass(11)
                    listener.ended.map { "${it.method} ${it.status} ${it.isWhole}" } shouldContainExactly
                        listOf(
                            "null 400 true",
                            "null 414 true",
                            "null 431 true",
                            "POST 417 true",
                            "CONNECT 501 true",
                            "POST 400 true",
                            "null 408 true",
                        )
                    listener.ended.first().cause.shouldBeInstanceOf<HttpViolationException>()
                    listener.ended.last().cause.shouldBeInstanceOf<HttpTimeoutException>()
                }
            }
        }

        test("a connection that ends without a request, or inside a head, is told to nobody") {
            heard(ok) {
                scene.run {
                    for (bytes in listOf("", "GET / HTTP/1.1\r\nHo")) {
                        val client = connect()
                        client.send(bytes)
                        reactor.flush()
                        client.transport.abortConnection()
                        reactor.flush()
                    }
                    connect()
                    pass(61)
                    listener.ended.shouldBeEmpty()
                }
            }
        }

        test("a client that goes away, at whatever byte, leaves one record of each request whose head was whole") {
            val bytes = get("/1") + post("/2", "body") + get("/3")
            for (at in 0..bytes.length) {
                withClue(at) {
                    heard({
                        it.body.readBytes()
                        delay(100)
                        Response.text("x")
                    }) {
                        scene.run {
                            val client = connect()
                            client.send(bytes.take(at))
                            reactor.flush()
                            reactor.runFor(Duration.ofMillis(150))
                            client.transport.abortConnection()
                            pass(1)
                            val heads = Regex("\r\n\r\n").findAll(bytes.take(at)).count()
                            listener.ended shouldHaveSize minOf(heads, 2)
                            if (heads > 0) listener.ended.first().status shouldBe 200
                            if (heads > 1) {
                                val last = listener.ended.last()
                                last.status shouldBe 0
                                last.isWhole shouldBe false
                                last.cause.shouldBeInstanceOf<ConnectionLost>()
                            }
                        }
                    }
                }
            }
        }

        test("a handler that fails or is late, and a body that is late, are told with the reason") {
            heard({
                when (it.target) {
                    "/fails" -> error("broken")
                    "/late" -> awaitCancellation()
                    else -> Response.text(it.body.readText())
                }
            }) {
                scene.run {
                    CapturedLogs.start().use { logs ->
                        connect().ask(get("/fails"))
                        connect().send(get("/late"))
                        connect().send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
                        pass(61)
                        listener.ended.map {
                            "${it.target} ${it.status} ${it.isWhole} ${it.cause?.javaClass?.simpleName}"
                        } shouldContainExactly
                            listOf(
                                "/fails 500 true IllegalStateException",
                                "/body 408 true HttpTimeoutException",
                                "/late 503 true HttpTimeoutException",
                            )
                        logs.flushLoggedErrors()
                    }
                }
            }
        }

        test("a stream that fails is cut; the bytes that were sent are known") {
            heard({
                Response.stream("a/b") { sink ->
                    sink.write("12345")
                    delay(1000)
                    error("broken")
                }
            }) {
                scene.run {
                    CapturedLogs.start().use { logs ->
                        connect().send(get("/"))
                        pass(2)
                        val record = listener.ended.single()
                        record.status shouldBe 200
                        record.bytesSent shouldBe 5
                        record.isWhole shouldBe false
                        record.cause?.message shouldBe "broken"
                        logs.flushLoggedErrors()
                    }
                }
            }
        }

        test("an answer is whole when the client has taken it, and cut when it goes before") {
            for (isTaken in listOf(true, false)) {
                heard({ Response.bytes(ByteArray(8_000_000), "a/b") }) {
                    scene.run {
                        val client = connect()
                        client.transport.pauseProducing()
                        client.send(get("/"))
                        pass(1)
                        listener.ended.shouldBeEmpty()
                        if (isTaken) client.transport.resumeProducing() else client.transport.abortConnection()
                        pass(1)
                        val record = listener.ended.single()
                        record.isWhole shouldBe isTaken
                        record.status shouldBe 200
                        if (isTaken) record.bytesSent shouldBe 8_000_000 else (record.bytesSent < 8_000_000) shouldBe true
                    }
                }
            }
        }

        test("a stop tells of the answers that it lets end, and of those that it cuts") {
            heard({
                delay(if (it.target == "/short") 1000 else 50_000)
                Response.text("x")
            }) {
                scene.run {
                    val clients = listOf(connect(), connect())
                    clients[0].send(get("/short"))
                    clients[1].send(get("/long"))
                    connect()
                    reactor.flush()
                    port.drain(Duration.ofSeconds(5))
                    pass(6)
                    listener.ended.map { "${it.target} ${it.status} ${it.isWhole}" } shouldContainExactly
                        listOf("/short 200 true", "/long 0 false")
                }
            }
        }

        test("a listener that throws is reported, and neither the request nor another listener minds") {
            val listener = Recording()
            val failing = object : RequestListener {
                override fun begun(record: RequestRecord) = error("begun")

                override fun ended(record: RequestRecord) = error("ended")
            }
            scene(HttpServerOptions.DEFAULT.withListener(failing.and(listener).and { throw StackOverflowError() }), ok) {
                CapturedLogs.start().use { logs ->
                    connect().ask(get("/")) shouldContain "hello"
                    listener.ended.single().status shouldBe 200
                    logs.flushLoggedErrors() shouldHaveSize 3
                }
            }
        }

        test("the structured log has values, and no query") {
            scene(HttpServerOptions.DEFAULT.withListener(AccessLog.structured()), ok) {
                CapturedLogs.start().use { logs ->
                    connect().ask(get("/a?secret", "User-Agent: r\u00f6bot\r\nReferer: http://b/?secret\r\n"))
                    connect().ask("NONSENSE\r\n\r\n")
                    val events = logs.events(Level.INFO).filter { it.namespace == "dev.torsion.web.AccessLog" }
                    events shouldHaveSize 2
                    events[0].message shouldBe "127.0.0.1 GET /a: 200, 5 bytes, whole"
                    events[0].values["status"] shouldBe 200
                    events[0].values["agent"] shouldBe "r\u00f6bot"
                    events[0].values["outcome"] shouldBe "whole"
                    "${events[0].values}" shouldNotContain "secret"
                    events[1].values["method"] shouldBe "-"
                    "${events[1].values["reason"]}" shouldContain "RFC 9110 9.1"
                }
            }
        }

        test("lines go to whoever takes them") {
            val lines = ArrayList<String>()
            scene(HttpServerOptions.DEFAULT.withListener(AccessLog.combined(lines::add)), ok) {
                connect().ask(get("/a?b"))
                lines.single() shouldContain """"GET /a?b HTTP/1.1" 200 5 "-" "-""""
            }
        }
    })

private class Overheard(val scene: WebScene, val listener: Recording)

/** Holds the contract: begun once, then ended once, with the same record. */
internal class Recording : RequestListener {
    val open = ArrayList<RequestRecord>()
    val ended = ArrayList<RequestRecord>()

    override fun begun(record: RequestRecord) {
        check(record !in open && record !in ended)
        open.add(record)
    }

    override fun ended(record: RequestRecord) {
        check(open.removeIf { it === record }) { "$record has not begun, or has ended before" }
        ended.add(record)
        ended.last() shouldBeSameInstanceAs record
    }
}
