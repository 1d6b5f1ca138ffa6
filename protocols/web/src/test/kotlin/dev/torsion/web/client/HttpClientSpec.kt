// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.BodyTooLargeException
import dev.torsion.web.Response
import dev.torsion.web.ValueReader
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.future.future
import kotlinx.serialization.Serializable
import java.time.Duration
import java.util.concurrent.CancellationException

@Serializable
private data class Cat(val name: String, val lives: Int)

/** The client that programs use, over a network in memory. */
class HttpClientSpec :
    FunSpec({
        test("URLs: spaces and letters of any language, parameters, a base, and no other server than its own") {
            httpScene {
                http.get("$base/a b/ü?x=1").query("name", "Tom & ä").query("y", "+").text().now() shouldBe
                    "GET /a%20b/%C3%BC?x=1&name=Tom%20%26%20%C3%A4&y=%2B"
                val api = http.withBaseUrl("$base/v1/")
                api.get("cats").text().now() shouldBe "GET /v1/cats"
                api.get("/cats").text().now() shouldBe "GET /cats"
                api.delete("../v2?x").text().now() shouldBe "DELETE /v2?x"
                for (foreign in listOf("http://evil.example/", "//evil.example/", "https://127.0.0.1/", "http:80")) {
                    shouldThrow<IllegalArgumentException> { api.get(foreign) }
                }
                shouldThrow<IllegalArgumentException> { http.get("cats") }
            }
        }

        test("fields: of the client, of the call, and no secret for all servers") {
            httpScene(handler = { Response.text("${it.headers["A"]} ${it.headers.all("B")} ${it.headers["Accept"]}") }) {
                val own = http.withHeader("A", "client").withHeader("B", "client")
                own.get(base).header("B", "1").addHeader("B", "2").text().now() shouldBe "client [1, 2] null"
                own.get(base).json<String> { it.decodeToString() }.now() shouldBe "client [client] application/json"
                for (secret in listOf("Authorization", "cookie")) shouldThrow<IllegalArgumentException> { http.withHeader(secret, "x") }
                shouldThrow<IllegalArgumentException> { http.get(base).header("X", "a\r\nb") }
            }
        }

        test("forms") {
            httpScene(handler = { Response.text("${it.headers["Content-Type"]} ${it.body.readText()}") }) {
                http.post(base).form(linkedMapOf("a b" to "ä&=", "c" to "")).text().now() shouldBe
                    "application/x-www-form-urlencoded a+b=%C3%A4%26%3D&c="
                http.post(base).form("tag", "a", "n", "1 2", "tag", "b").text().now() shouldBe
                    "application/x-www-form-urlencoded tag=a&n=1+2&tag=b"
                http.post(base).form().text().now() shouldBe "application/x-www-form-urlencoded "
                shouldThrow<IllegalArgumentException> { http.post(base).form("a", "b", "c") }
            }
            httpScene(handler = { request -> request.readForm().let { form -> Response.text("${form.all("tag")} ${form["n"]}") } }) {
                http.post(base).body(RequestBody.form("tag", "a&b", "n", "+", "tag", "\u00e4=")).text().now() shouldBe "[a&b, \u00e4=] +"
            }
        }

        test("JSON by kotlinx-serialization, and by two functions") {
            httpScene(handler = { Response.bytes(it.body.readBytes(), it.headers["Content-Type"] ?: "a/b") }) {
                val cat = reactor.scope.future { http.post(base).body(RequestBody.json(Cat("Tom", 9))).json<Cat>() }
                cat.now() shouldBe Cat("Tom", 9)
                val mapped = http.withJson(
                    { "<$it>".toByteArray() },
                    object : JsonTypeReader {
                        override fun <T> read(bytes: ByteArray, type: Class<T>): T = type.cast("read ${bytes.decodeToString()}")
                    },
                )
                mapped.post(base).jsonBody("abc").json(String::class.java).now() shouldBe "read <abc>"
                val wrong = reactor.scope.future { http.post(base).body("""{"name": "Tom"}""").json<Cat>() }
                shouldThrow<UnreadableBodyException> { wrong.now() }.message shouldContain "lives"
                val deep = reactor.scope.future { http.post(base).body("[".repeat(100_000)).json<List<List<String>>>() }
                shouldThrow<UnreadableBodyException> { deep.now() }
            }
        }

        test("a reader of JSON gets UTF-8, whatever the answer is in, and no mark before it") {
            val reader = ValueReader { it.toString(Charsets.UTF_8) }
            for ((type, bytes) in listOf(
                "application/json" to "\u00e4".toByteArray(),
                "application/json" to "\uFEFF\u00e4".toByteArray(),
                "application/json; charset=iso-8859-1" to "\u00e4".toByteArray(Charsets.ISO_8859_1),
                "application/json; charset=utf-16" to "\u00e4".toByteArray(Charsets.UTF_16),
            )) {
                httpScene(handler = { Response.bytes(bytes, type) }) {
                    withClue(type) { http.get(base).json(reader).now() shouldBe "\u00e4" }
                }
            }
            httpScene(handler = { Response.bytes(ByteArray(2), "application/json; charset=unknown") }) {
                shouldThrow<UnreadableBodyException> { http.get(base).json(reader).now() }
            }
        }

        test("text in its charset") {
            httpScene(handler = {
                when (it.target) {
                    "/latin" -> Response.bytes("\u00e4".toByteArray(Charsets.ISO_8859_1), "text/plain; Charset=\"iso-8859-1\"")
                    "/none" -> Response.bytes("\uFEFF\u00e4".toByteArray(), "text/plain")
                    else -> Response.bytes("x".toByteArray(), "text/plain; charset=klingon")
                }
            }) {
                http.get("$base/latin").text().now() shouldBe "\u00e4"
                http.get("$base/none").text().now() shouldBe "\u00e4"
                shouldThrow<UnreadableBodyException> { http.get("$base/x").text().now() }
            }
        }

        test("a status is an error only for who asks; it has the start of the body, and no secrets of the URL") {
            httpScene(handler = { Response.text("no such cat: \u001b[31m" + "x".repeat(100_000)).withStatus(404) }) {
                http.get("$base/cats").text().now().length shouldBe 100_018
                val error =
                    shouldThrow<HttpStatusException> { http.get("$base/cats").query("token", "secret").raiseForStatus().text().now() }
                error.status shouldBe 404
                error.bodyStart.length shouldBe 8 * 1024
                error.message shouldContain "GET $base/cats was answered with 404 Not Found: no such cat"
                error.message shouldNotContain "secret"
                error.message shouldNotContain "\u001b"
                shouldThrow<HttpStatusException> { http.raisingForStatus().get(base).send().now() }
            }
        }

        test("a body above the limit") {
            httpScene(handler = { Response.bytes(ByteArray(2000), "a/b") }) {
                http.get(base).bytes(2000).now().size shouldBe 2000
                shouldThrow<BodyTooLargeException> { http.get(base).bytes(1999).now() }
                shouldThrow<BodyTooLargeException> { http.get(base).onDownload { _, _ -> }.bytes(1999).now() }
            }
        }

        test("a file is there when it is whole, and nothing is left of one that is not") {
            val folder = tempdir().toPath()
            val path = folder.resolve("cat.bin")
            httpScene(handler = {
                if (it.target == "/cut") {
                    Response.stream("a/b", 500_000) { sink ->
                        sink.write(ByteArray(250_000))
                        error("on purpose")
                    }
                } else {
                    Response.bytes(ByteArray(500_000) { i -> i.toByte() }, "a/b")
                }
            }) {
                val told = ArrayList<Long>()
                val call = http.get(base).onDownload { done, length -> told.add(done).also { length shouldBe 500_000 } }
                reactor.await(call.saveTo(path)) shouldBe path
                java.nio.file.Files.readAllBytes(path).contentEquals(ByteArray(500_000) { it.toByte() }) shouldBe true
                told.last() shouldBe 500_000
                told shouldBe told.sorted()
                dev.torsion.testkit.CapturedLogs.start().use { logs ->
                    val failed = http.get("$base/cut").saveTo(folder.resolve("other.bin"))
                    shouldThrow<Exception> { reactor.await(failed) }
                    logs.flushLoggedErrors(IllegalStateException::class.java)
                }
                folder.toFile().list()!!.toList() shouldContainExactly listOf("cat.bin")
            }
        }

        test("a listener of progress that throws a cancellation fails the call, and does not cancel who waits for it") {
            httpScene(handler = { Response.text("${it.body.readBytes().size}") }) {
                val listener = ProgressListener { _, _ -> throw java.util.concurrent.CancellationException("of another") }
                val calls = listOf(http.get(base).onDownload(listener), http.post(base).body("abc").onUpload(listener))
                for (call in calls) {
                    shouldThrow<IllegalStateException> { call.text().now() }.message shouldBe "The listener of progress has failed."
                }
            }
        }

        test("an upload tells how far it is") {
            httpScene(handler = { Response.text("${it.body.readBytes().size}") }) {
                val told = ArrayList<Pair<Long, Long>>()
                http.post(base).body(RequestBody.bytes(ByteArray(200_000))).onUpload { done, length -> told.add(done to length) }.text()
                    .now() shouldBe "200000"
                told.last() shouldBe (200_000L to 200_000L)
                told.size shouldBeGreaterThan 2
            }
        }

        test("a time for all of a call: before the head, in the body, and over redirects") {
            httpScene(handler = {
                when (it.target) {
                    "/head" -> awaitCancellation()
                    "/body" -> Response.stream("a/b") { sink ->
                        sink.write("x")
                        awaitCancellation()
                    }
                    else -> {
                        delay(2_000)
                        Response.redirect("/x")
                    }
                }
            }) {
                for (path in listOf("/head", "/body", "/round")) {
                    val error = shouldThrow<RequestTimeoutException> { http.get("$base$path").timeout(Duration.ofSeconds(5)).text().now(6) }
                    error.timeout shouldBe Duration.ofSeconds(5)
                }
                reactor.flush()
            }
        }

        test("cancelling at each moment gives the connection back") {
            for (path in listOf("/head", "/body", "/status", "/gzip")) {
                httpScene(HttpClientOptions.DEFAULT.withMaxConnections(1), handler = {
                    when (it.target) {
                        "/head" -> awaitCancellation()
                        "/free" -> Response.text("free")
                        else -> Response.stream("a/b") { sink ->
                            sink.write(byteArrayOf(0x1f, 0x8b.toByte()))
                            awaitCancellation()
                        }.withStatus(
                            if (path ==
                                "/status"
                            ) {
                                500
                            } else {
                                200
                            },
                        ).withHeader("Content-Encoding", if (path == "/gzip") "gzip" else "identity")
                    }
                }) {
                    val call = http.raisingForStatus().get("$base$path").text()
                    reactor.flush()
                    call.cancel(true)
                    reactor.flush()
                    shouldThrow<CancellationException> { call.now() }
                    withClue(path) { http.get("$base/free").text().now(1) shouldBe "free" } // the rest of a body is waited for
                }
            }
        }

        test("three voices give the same") {
            httpScene {
                http.get(base).text().now() shouldBe "GET /"
                reactor.scope.future { http.get(base).readText() }.now() shouldBe "GET /"
                var text = ""
                http.get(base).request().addAsyncCallback { readBody(it) }.addCallback { text = String(it) }
                reactor.flush()
                text shouldBe "GET /"
            }
        }

        test("texts tell no secrets") {
            httpScene {
                val call = http.get("$base/?token=secret").authentication(Authentication.basic("tom", "secret"))
                "$http $call ${Authentication.basic("tom", "secret")} ${Authentication.digest("tom", "secret")}" shouldNotContain "secret"
            }
        }
    })
