// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import java.time.Duration

/** Pages of other origins, and the answers that they may read. */
class CorsSpec :
    FunSpec({
        val origin = "Origin: https://app.example\r\n"
        val preflight = "Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: content-type\r\n"

        fun ask(cors: RequestFilter, request: String): String {
            var answer = ""
            val handler: suspend (Request) -> Response = {
                if (it.target == "/fails") throw ResponseException(403)
                Response.text("handled ${it.method}").withHeader("Vary", "Accept")
                    .withHeader("Access-Control-Allow-Origin", "https://evil.example")
            }
            scene(handler = listOf(cors).around(handler)) { answer = connect().ask(request) }
            return answer
        }

        fun options(fields: String) = "OPTIONS / HTTP/1.1\r\nHost: a\r\n$fields\r\n"

        val some = Cors.builder().origins("https://app.example", "http://localhost:8080").methods("GET", "PUT")
            .headers("Content-Type", "X-A").exposedHeaders("X-B").credentials().maxAge(Duration.ofMinutes(10)).build()

        test("a preflight of an origin that is allowed is answered with what it may, and comes to no handler") {
            val answer = ask(some, options(origin + preflight))
            answer shouldBe "HTTP/1.1 204 No Content\r\nVary: Origin\r\nAccess-Control-Allow-Origin: https://app.example\r\n" +
                "Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Methods: GET, PUT\r\n" +
                "Access-Control-Allow-Headers: Content-Type, X-A\r\nAccess-Control-Max-Age: 600\r\n\r\n"
        }

        test("an answer has the fields for the origin that has asked, in place of the handler's own; errors too") {
            val answer = ask(some, get("/", origin))
            answer shouldContain "\r\nAccess-Control-Allow-Origin: https://app.example\r\n"
            answer shouldContain "\r\nAccess-Control-Allow-Credentials: true\r\n"
            answer shouldContain "\r\nAccess-Control-Expose-Headers: X-B\r\n"
            answer shouldContain "\r\nVary: Accept, Origin\r\n"
            answer shouldNotContain "evil"
            answer shouldContain "\r\n\r\nhandled GET"
            ask(some, get("/fails", origin)) shouldContain "\r\nAccess-Control-Allow-Origin: https://app.example\r\n"
        }

        test("other origins are not allowed, however alike they are, and their preflights come to no handler either") {
            for (other in listOf(
                "https://evil.example", "http://app.example", "https://app.example:444", "https://app.example.evil.example",
                "https://xapp.example",
                "https://APP.example", "null", "https://app.example/", "*", "",
            )) {
                withClue(other) {
                    val field = "Origin: $other\r\n"
                    ask(some, options(field + preflight)) shouldBe "HTTP/1.1 204 No Content\r\nVary: Origin\r\n\r\n"
                    ask(some, get("/", field)) shouldNotContain "Allow-Credentials"
                }
            }
            ask(some, get("/", origin + origin)) shouldNotContain "Allow-Credentials"
            ask(some, get("/")) shouldContain "\r\nVary: Accept, Origin\r\n"
            ask(some, options(origin)) shouldContain "handled OPTIONS" // it asks for no method: this is none
            ask(some, options(preflight)) shouldContain "handled OPTIONS"
        }

        test("all origins are allowed without credentials, and caches need not tell them apart") {
            val all = Cors.builder().anyOrigin().build()
            val answer = ask(all, get("/", "Origin: null\r\n"))
            answer shouldContain "\r\nAccess-Control-Allow-Origin: *\r\n"
            answer shouldContain "\r\nVary: Accept\r\n"
            answer shouldNotContain "Credentials"
            ask(all, options(origin + preflight)) shouldStartWith "HTTP/1.1 204 "
        }

        test("an answer keeps all of its fields Vary") {
            val given = Headers.of("Vary", "Accept", "Vary", "Accept-Language", "Set-Cookie", "a=b", "Set-Cookie", "c=d")
            for ((cors, vary) in listOf(
                some to "Accept, Accept-Language, Origin",
                Cors.builder().anyOrigin().build() to "Accept, Accept-Language",
            )) {
                scene(handler = listOf(cors).around { Response.of(200).withHeaders(given) }) {
                    val lines = connect().ask(get("/", origin)).split("\r\n")
                    lines.filter { it.startsWith("Vary: ") }.joinToString(", ") { it.removePrefix("Vary: ") } shouldBe vary
                    lines.filter { it.startsWith("Set-Cookie: ") } shouldBe listOf("Set-Cookie: a=b", "Set-Cookie: c=d")
                }
            }
        }

        test("what would let any page act for its reader is not built") {
            shouldThrow<IllegalStateException> { Cors.builder().build() }
            shouldThrow<IllegalStateException> { Cors.builder().anyOrigin().credentials().build() }
            shouldThrow<IllegalStateException> { Cors.builder().anyOrigin().origins("https://a.b").build() }
            for (wrong in listOf(
                "null", "*", "a.b", "https://", "https://a.b/", "https://A.b", "https://a.b:443", "http://a:80", "https://*.b",
                "https://a@b",
                "https://a:",
            )) {
                withClue(wrong) { shouldThrow<IllegalArgumentException> { Cors.builder().origins(wrong) } }
            }
            Cors.builder().origins("https://a.b:8443", "http://[::1]:8080", "https://a.b", "app://x")
            shouldThrow<IllegalArgumentException> { Cors.builder().headers("a b") }
            shouldThrow<IllegalArgumentException> { Cors.builder().methods("GET\r\n") }
        }
    })
