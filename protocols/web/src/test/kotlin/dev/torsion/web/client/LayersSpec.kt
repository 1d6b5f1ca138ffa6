// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.testkit.MemoryReactor
import dev.torsion.web.Headers
import dev.torsion.web.Response
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.io.ByteArrayOutputStream
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.zip.GZIPOutputStream

/** Agents around agents: cookies, codings, authentication. */
class LayersSpec :
    FunSpec({
        test("cookies go back, behind those of the request's own") {
            httpScene(handler = {
                Response.text("${it.headers["Cookie"]}").withHeaders(Headers.of("Set-Cookie", "a=1", "Set-Cookie", "b=2"))
            }) {
                val client = http.withCookies(CookieJar())
                client.get(base).text().now() shouldBe "null"
                client.get(base).text().now() shouldBe "a=1; b=2"
                client.get(base).header("Cookie", "own=1").text().now() shouldBe "own=1; a=1; b=2"
                http.get(base).text().now() shouldBe "null"
            }
        }

        test("each request on the way has the cookies of its host, and no others") {
            httpScene(handler = { Response.text("${it.headers["Cookie"]}") }) {
                val jar = CookieJar().apply {
                    store(java.net.URI(base), listOf("here=1"))
                    store(java.net.URI("http://127.0.0.2/"), listOf("there=1"))
                }
                val from = server { Response.redirect("$base/") }
                http.withCookies(jar).get(from).header("Cookie", "own=1").text().now() shouldBe "here=1"
            }
        }

        test("codings are asked for and taken off; a request of its own gets what comes") {
            httpScene(handler = {
                Response.bytes(gzip(it.headers["Accept-Encoding"].orEmpty()), "text/plain").withHeader("Content-Encoding", "x-foo, GZIP")
            }) {
                val response = http.get(base).send().now()
                response.headers.all("Content-Encoding") shouldContainExactly listOf("x-foo")
                ("Content-Length" in response.headers) shouldBe false
                response.body.bytes().now().decodeToString() shouldBe "gzip, deflate, br"
                val raw = http.get(base).header("Accept-Encoding", "gzip").send().now()
                raw.headers["Content-Encoding"] shouldBe "x-foo, GZIP"
                raw.body.bytes().now().contentEquals(gzip("gzip")) shouldBe true
                http.get(base).header("Range", "bytes=0-").bytes().now().contentEquals(gzip("")) shouldBe true
            }
        }

        test("HEAD and 304 keep their fields; too many codings are refused, and the connection is let go") {
            val agent = FakeAgent { Answer(if (it.url.path == "/304") 304 else 200, "Content-Encoding" to "gzip", "Content-Length" to "7") }
            val decoding = ContentDecoderAgent(agent)
            agent.run(decoding, "http://a/304").headers["Content-Encoding"] shouldBe "gzip"
            val many = FakeAgent { Answer(200, "Content-Encoding" to "gzip, gzip, gzip, gzip") }
            shouldThrow<ContentCodingException> { many.run(ContentDecoderAgent(many), "http://a/") }
            many.open.shouldBeEmpty()
        }

        test("a body that is decoded is read as it is wanted, and no further") {
            val large = kotlin.random.Random(5).nextBytes(1_000_000).let { noise -> ByteArray(20_000_000) { noise[it / 20] } }
            val coded = ByteArrayOutputStream().also { out -> GZIPOutputStream(out).use { it.write(large) } }.toByteArray()
            httpScene(handler = { Response.bytes(coded, "a/b").withHeader("Content-Encoding", "gzip") }) {
                val response = http.get(base).send().now()
                val first = response.body.piece().now()!!
                first.size shouldBeLessThan 70_000
                // The body itself tells how much waits to be read.
                Regex("\\d+(?= bytes)").find("${response.body}")!!.value.toInt() shouldBeLessThan 100_000
                var sum = first.size
                while (true) sum += (response.body.piece().now() ?: break).size
                sum shouldBe large.size
            }
        }

        test("a body that is wrong fails, and its connection is let go; closing it early as well") {
            httpScene(HttpClientOptions.DEFAULT.withMaxConnections(1), handler = {
                if (it.target == "/free") {
                    Response.text("free")
                } else {
                    Response.bytes(ByteArray(300_000) { 7 }, "a/b").withHeader("Content-Encoding", "gzip")
                }
            }) {
                shouldThrow<ContentCodingException> { http.get(base).text().now() }
                http.get("$base/free").text().now() shouldBe "free"
                http.get(base).send().now().close()
                http.get("$base/free").text().now() shouldBe "free"
            }
        }

        test("a body that is decoded says what has become of it when its response was closed") {
            val gzip = Answer(200, "Content-Encoding" to "gzip", body = null)
            val fake = FakeAgent { gzip }
            val response = fake.run(ContentDecoderAgent(fake), "http://a/")
            response.close()
            val late = response.body.bytes()
            (fake.reactor() as MemoryReactor).flush()
            shouldThrow<ExecutionException> { late.get(0, TimeUnit.SECONDS) }.cause!!.message shouldBe ClientResponse.CLOSED
        }

        test("basic and bearer go to their server and to no other, and not behind a redirect") {
            httpScene(handler = { Response.text("${it.headers["Authorization"]}") }) {
                val client = http.withAuthentication("$base/x", Authentication.basic("tom", "jérry"))
                client.get(base).text().now() shouldBe "Basic dG9tOmrDqXJyeQ=="
                client.get(base).header("Authorization", "own").text().now() shouldBe "own"
                http.get(base).authentication(Authentication.bearer("abc")).text().now() shouldBe "Bearer abc"
                val other = server { Response.text("${it.headers["Authorization"]}") }
                client.get(other).text().now() shouldBe "null"
                val away = server { Response.redirect("$other/") }
                http.get(away).authentication(Authentication.basic("a", "b")).text().now() shouldBe "null"
                http.withAuthentication(away, Authentication.bearer("x")).get(away).text().now() shouldBe "null"
                // And back to the server that it is for.
                val back = server { Response.redirect("$base/") }
                client.get(back).text().now() shouldBe "Basic dG9tOmrDqXJyeQ=="
            }
        }

        test("credentials that would end a line, or be two") {
            shouldThrow<IllegalArgumentException> { Authentication.basic("a:b", "c") }
            shouldThrow<IllegalArgumentException> { Authentication.basic("a", "b\r\nX: 1") }
            shouldThrow<IllegalArgumentException> { Authentication.bearer("a b") }
            shouldThrow<IllegalArgumentException> { Authentication.digest("a\n", "b") }
        }

        test("digest: a question, answers with a count, and a new question when the time of the old one is over") {
            val nonces = ArrayDeque(listOf("n1", "n2"))
            var valid = ""
            val server = FakeAgent { request ->
                val answer = request.headers["Authorization"].orEmpty()
                if (valid.isNotEmpty() && "nonce=\"$valid\"" in answer) {
                    Answer(200)
                } else {
                    valid = nonces.removeFirst()
                    val stale = if (answer.isEmpty()) "" else ", stale=true"
                    Answer(401, "WWW-Authenticate" to "Digest realm=\"r\", qop=\"auth\", nonce=\"$valid\"$stale")
                }
            }
            val agent = AuthenticatingAgent(server, Authentication.digest("tom", "x"), "http://a/")
            repeat(2) { server.run(agent, "http://a/x").status shouldBe 200 }
            server.requests.map { Regex("nc=\\d+").find(it.headers["Authorization"].orEmpty())?.value } shouldContainExactly
                listOf(null, "nc=00000001", "nc=00000002")
            valid = "over"
            server.run(agent, "http://a/x").status shouldBe 200
            server.requests shouldHaveSize 5
            server.open.size shouldBe 3 // the answers that the test has
        }

        test("digest: wrong credentials are tried once for a question, a server that is never content three times") {
            val refusing = FakeAgent { Answer(401, "WWW-Authenticate" to "Digest realm=\"r\", qop=\"auth\", nonce=\"1\"") }
            refusing.run(AuthenticatingAgent(refusing, Authentication.digest("a", "b"), "http://a/"), "http://a/").status shouldBe 401
            refusing.requests shouldHaveSize 2
            val stale = FakeAgent { Answer(401, "WWW-Authenticate" to "Digest realm=\"r\", qop=\"auth\", nonce=\"1\", stale=true") }
            stale.run(AuthenticatingAgent(stale, Authentication.digest("a", "b"), "http://a/"), "http://a/").status shouldBe 401
            stale.requests shouldHaveSize 3
            val basic = FakeAgent { Answer(401, "WWW-Authenticate" to "Basic realm=\"r\"") }
            basic.run(AuthenticatingAgent(basic, Authentication.digest("a", "b"), "http://a/"), "http://a/").status shouldBe 401
            basic.requests shouldHaveSize 1
            basic.requests.single().headers["Authorization"] shouldBe null
        }
    })

private fun gzip(text: String) = ByteArrayOutputStream().also { out ->
    GZIPOutputStream(out).use { it.write(text.toByteArray()) }
}.toByteArray()
