// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import java.time.Instant

/** Conditions of requests for what handlers make (RFC 9110 13). */
class ConditionalSpec :
    FunSpec({
        val time = Instant.parse("1994-11-06T08:49:37.9Z")
        val at = "Sun, 06 Nov 1994 08:49:37 GMT"
        val before = "Sun, 06 Nov 1994 08:49:36 GMT"

        /** The status of [method] with [fields] for what is there. */
        fun status(method: String, fields: String, tag: String?, modified: Instant?): String {
            var answer = ""
            scene(handler = { Conditional.answer(it, tag, modified) ?: Response.text("work") }) {
                answer = connect().ask("$method / HTTP/1.1\r\nHost: a\r\n$fields\r\n\r\n")
            }
            return answer.substringAfter(' ').take(3)
        }

        test("a handler asks before its work: 304 for who reads what it has, 412 for who would write over something else") {
            for ((fields, get, put) in listOf(
                Triple("If-None-Match: \"a,b\"", "304", "412"),
                Triple("If-None-Match: W/\"a,b\"", "304", "412"),
                Triple("If-None-Match: \"x\", W/\"y\" ,, \"a,b\"", "304", "412"),
                Triple("If-None-Match: \"x\"\r\nIf-None-Match: \"a,b\"", "304", "412"),
                Triple("If-None-Match: *", "304", "412"),
                Triple("If-None-Match: \"a\", \"b\"", "200", "200"),
                Triple("If-None-Match: a,b, \"a,b\"", "200", "200"), // what is no tag, and all behind it
                Triple("If-None-Match: \"x\"\r\nIf-Modified-Since: $at", "200", "200"),
                Triple("If-Modified-Since: $at", "304", "200"),
                Triple("If-Modified-Since: $before", "200", "200"),
                Triple("If-Modified-Since: yesterday", "200", "200"),
                Triple("If-Match: \"a,b\"", "200", "200"),
                Triple("If-Match: *", "200", "200"),
                Triple("If-Match: W/\"a,b\"", "412", "412"),
                Triple("If-Match: \"x\"", "412", "412"),
                Triple("If-Match: \"a,b\"\r\nIf-Unmodified-Since: $before", "200", "200"),
                Triple("If-Unmodified-Since: $at", "200", "200"),
                Triple("If-Unmodified-Since: $before\r\nIf-None-Match: \"a,b\"", "412", "412"),
                Triple("X: y", "200", "200"),
            )) {
                withClue(fields) {
                    status("GET", fields, "\"a,b\"", time) shouldBe get
                    status("HEAD", fields, "\"a,b\"", time) shouldBe get
                    status("PUT", fields, "\"a,b\"", time) shouldBe put
                }
            }
        }

        test("a weak tag is good for reading and not for writing; without a time, times are no condition") {
            status("GET", "If-None-Match: \"a\"", "W/\"a\"", null) shouldBe "304"
            status("PUT", "If-Match: \"a\"", "W/\"a\"", null) shouldBe "412"
            status("PUT", "If-Match: W/\"a\"", "W/\"a\"", null) shouldBe "412"
            status("GET", "If-Modified-Since: $at\r\nIf-Unmodified-Since: $before", "\"a\"", null) shouldBe "200"
        }

        test("what is not there is made by who says that it must not be there, and by nobody who says that it must") {
            status("PUT", "If-None-Match: *", null, null) shouldBe "200"
            status("PUT", "If-Match: *", null, null) shouldBe "412"
            status("PUT", "If-None-Match: *", null, time) shouldBe "412"
            status("PUT", "If-None-Match: \"a\"", null, null) shouldBe "200"
        }

        test("an answer says what is there now") {
            scene(handler = { Conditional.answer(it, "\"a\"", time)!! }) {
                connect().ask(get("/", "If-None-Match: \"a\"\r\n")) shouldBe
                    "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nLast-Modified: $at\r\n\r\n"
                connect().ask(get("/", "If-Match: \"b\"\r\n")) shouldContain "\r\nETag: \"a\"\r\nLast-Modified: $at\r\n"
            }
        }

        test("a tag of the program is one") {
            for (wrong in listOf("a", "\"a", "a\"", "\"a\"b", "w/\"a\"", "\"a b\"", "\"a\r\n\"", "\"", "")) {
                withClue(wrong) {
                    scene(handler = {
                        shouldThrow<IllegalArgumentException> { Conditional.answer(it, wrong, null) }
                        Response.text("refused")
                    }) { connect().ask(get("/")) shouldEndWith "refused" }
                }
            }
        }

        test("the filter goes by the fields of an answer of 200 to GET and HEAD, and keeps those that a cache needs") {
            val page = Response.text(
                "page",
            ).withHeader("ETag", "\"a\"").withHeader("Last-Modified", at).withHeader("Cache-Control", "no-cache")
                .withCookie(SetCookie.of("c", "d"))
            scene(
                handler = listOf(Conditional.filter(), Gzip.filter()).around { request ->
                    when (request.target) {
                        "/none" -> Response.text("page")
                        "/404" -> page.withStatus(404)
                        "/wrong" -> page.withHeader("ETag", "a").withHeader("Last-Modified", "today")
                        else -> page
                    }
                },
            ) {
                val known = "If-None-Match: \"a\"\r\n"
                val answer = connect().ask(get("/", known))
                answer shouldStartWith "HTTP/1.1 304 "
                for (kept in listOf("ETag: \"a\"", "Last-Modified: $at", "Cache-Control: no-cache", "Vary: Accept-Encoding")) {
                    answer shouldContain "\r\n$kept\r\n"
                }
                answer shouldContain "\r\nSet-Cookie: c=d"
                answer shouldNotContain "Content-Type"
                answer shouldEndWith "\r\n\r\n"
                connect().ask(get("/", "If-Modified-Since: $at\r\n")) shouldStartWith "HTTP/1.1 304 "
                connect().ask(get("/", "If-Match: \"b\"\r\n")) shouldStartWith "HTTP/1.1 412 "
                connect().ask(get("/", known).replace("GET", "HEAD")) shouldStartWith "HTTP/1.1 304 "
                connect().ask(post("/", "", known)) shouldStartWith "HTTP/1.1 200 "
                connect().ask(get("/404", known)) shouldStartWith "HTTP/1.1 404 "
                for (path in listOf("/none", "/wrong")) connect().ask(get(path, known)) shouldEndWith "\r\n\r\npage"
            }
        }
    })
