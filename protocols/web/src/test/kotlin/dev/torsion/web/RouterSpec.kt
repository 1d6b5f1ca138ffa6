// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith

/** Which handler gets a request. */
class RouterSpec :
    FunSpec({
        val router = Router {
            get("/") { Response.text("root") }
            get("/users") { Response.text("users") }
            get("/users/me") { Response.text("me") }
            get("/users/{id}") { Response.text("user ${it.parameter("id")}") }
            delete("/users/{id}") { Response.text("gone ${it.parameter("id")}") }
            post("/users") { Response.text("new").withStatus(201) }
            get("/files/{folder}/{path...}") { Response.text("${it.parameter("folder")} ${it.parameter("path")}") }
            on("BREW", "/pot") { Response.error(418) }
        }

        fun ask(request: String): String {
            var answer = ""
            scene(handler = router.handler) { answer = connect().ask(request) }
            return answer
        }

        fun body(path: String) = ask(get(path)).substringAfter("\r\n\r\n")

        test("a path finds its handler, by names and by parameters, in the order of the routes") {
            mapOf(
                "/" to "root",
                "/users" to "users",
                "/users?a=/b" to "users",
                "http://a/users" to "users",
                "/users/me" to "me",
                "/users/.." to "user ..",
                "/users/7" to "user 7",
                "/users/a%2Fb%20c+d" to "user a/b c+d",
                "/files/x/a/b%20c..d" to "x a/b c..d",
                "/files/..%2F/a" to "../ a",
                "/files/x/" to "x ",
            ).forEach { (path, answer) -> withClue(path) { body(path) shouldBe answer } }
        }

        test("a path that fits none is answered with 404: names are compared whole, and a parameter is not empty") {
            for (path in listOf("/user", "/users/", "/users/7/", "/Users", "/users/7/8", "/files/x", "//users", "/./users")) {
                withClue(path) { ask(get(path)) shouldStartWith "HTTP/1.1 404 " }
            }
        }

        test("the rest of a path is taken by nobody when its parts cannot be told apart, or lead upwards") {
            for (rest in listOf("a/..", "../a", "./a", "a/%2e%2e/b", "a%2Fb", "..%2f..%2fetc", "a%5Cb", "a%00", "a%0Ab")) {
                withClue(rest) { ask(get("/files/x/$rest")) shouldStartWith "HTTP/1.1 404 " }
            }
        }

        test("a path that fits with another method is answered with 405 and the methods that fit") {
            val answer = ask("PUT /users/7 HTTP/1.1\r\nHost: a\r\n\r\n")
            answer shouldStartWith "HTTP/1.1 405 Method Not Allowed\r\n"
            answer shouldContain "\r\nAllow: GET, HEAD, DELETE, OPTIONS\r\n"
            ask(get("/pot")) shouldContain "\r\nAllow: BREW, OPTIONS\r\n"
        }

        test("HEAD is answered by GET, and OPTIONS by itself, of a path and of the server") {
            ask("HEAD /users/7 HTTP/1.1\r\nHost: a\r\n\r\n") shouldContain "\r\nContent-Length: 6\r\n"
            ask("OPTIONS /users HTTP/1.1\r\nHost: a\r\n\r\n") shouldBe "HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, POST, OPTIONS\r\n\r\n"
            ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") shouldContain "\r\nAllow: GET, HEAD, DELETE, POST, BREW, OPTIONS\r\n"
            ask("OPTIONS /none HTTP/1.1\r\nHost: a\r\n\r\n") shouldStartWith "HTTP/1.1 404 "
        }

        test("a pattern that is none is refused") {
            for (pattern in listOf(
                "users", "/{}", "/{a", "/a}", "/{a}/{a}", "/{a...}/b", "/x{a}", "/{...}", "/{a:}", "/{a:float}", "/{:int}", "/{a}b{c}",
            )) {
                withClue(pattern) { shouldThrow<IllegalArgumentException> { Router { get(pattern) { Response.of(200) } } } }
            }
            for (path in listOf("users", "/users/", "/{a...}", "")) {
                withClue(path) { shouldThrow<IllegalArgumentException> { Router { mount(path) { Response.of(200) } } } }
            }
        }

        test("fields and answers cannot break out of their lines") {
            for (value in listOf("a\r\nb: c", "a\nb", "a\u0000", "a\rb", "\u0100", " a", "a ", "a\u007f")) {
                withClue(value) {
                    shouldThrow<IllegalArgumentException> { Headers.of("X", value) }
                    shouldThrow<IllegalArgumentException> { Response.redirect(value) }
                }
            }
            for (name in listOf("", "a b", "a:", "a\r\n", "\u00e4")) shouldThrow<IllegalArgumentException> { Headers.of(name, "a") }
            shouldThrow<IllegalArgumentException> { Response.of(200).withHeader("Content-Length", "5") }
            shouldThrow<IllegalArgumentException> { Response.of(200).withHeader("transfer-encoding", "chunked") }
            shouldThrow<IllegalArgumentException> { Response.text("a").withStatus(204) }
            shouldThrow<IllegalArgumentException> { Response.of(101) }
        }

        test("fields have an order, one name in any case, and hide what is secret") {
            val headers = Headers.of("A", "1", "b", "2", "a", "3, 4")
            headers["a"] shouldBe "1"
            headers.all("A") shouldBe listOf("1", "3, 4")
            headers.tokens("a") shouldBe listOf("1", "3", "4")
            ("B" in headers) shouldBe true
            headers.with("a", "5") shouldBe Headers.of("B", "2", "A", "5")
            headers.without("A").size shouldBe 1
            Headers.of("Authorization", "Basic abc").toString() shouldBe "Headers(Authorization: ...)"
        }
    })
