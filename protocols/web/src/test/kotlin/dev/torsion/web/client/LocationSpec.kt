// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.isTarget
import dev.torsion.web.proxy.ReverseProxy
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.property.Arb
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import java.net.URI

/** Where a `Location` leads to. */
class LocationSpec :
    FunSpec({
        val base = URI("http://a/b/c/d;p?q")

        test("references are resolved as RFC 3986 5.4 has it") {
            for ((reference, whole) in RFC_3986) withClue(reference) { "${Location.resolve(base, reference)}" shouldBe whole }
        }

        test("a base without a path, and characters that no URL has") {
            "${Location.resolve(URI("http://a"), "b")}" shouldBe "http://a/b"
            "${Location.resolve(URI("http://a?x"), "?y")}" shouldBe "http://a?y"
            "${Location.resolve(base, "/a b|c\\d?e=[f]%")}" shouldBe "http://a/a%20b%7Cc%5Cd?e=%5Bf%5D%25"
            "${Location.resolve(base, "http://[::1]:8080/[x]")}" shouldBe "http://[::1]:8080/%5Bx%5D"
            "${Location.resolve(base, "/caf\u00c3\u00a9")}" shouldBe "http://a/caf%C3%A9" // the bytes of UTF-8, as they come in a field
            "${Location.parse("http://a/café 1?ü=%2F")}" shouldBe "http://a/caf%C3%A9%201?%C3%BC=%2F"
        }

        test("the error of what is no URL tells no query and no user, and has no cause that does") {
            for (make in listOf<() -> Any>(
                { ClientRequest.get("http://a/b?token=secret or two") },
                { Location.parse("http://[a/b?token=secret") },
                { Location.resolve(base, "http://[a/b?token=secret") },
                { HttpProxy.of("http://tom:secret or two@proxy:3128") },
                { ReverseProxy.of(FakeAgent { Answer(200) }, "http://tom:secret or two@a/") },
            )) {
                val error = shouldThrow<IllegalArgumentException> { make() }
                error.stackTraceToString() shouldNotContain "secret"
                error.message!! shouldContain "no URL: "
            }
        }

        test("the error of an address without a scheme says what is missing") {
            for (make in listOf<(String) -> Any>({ ClientRequest.get(it) }, { ReverseProxy.of(FakeAgent { Answer(200) }, it) })) {
                for (wrong in listOf("127.0.0.1:8080/x", "[::1]:8080", ":8080", "localhost:8080", "localhost", "/x")) {
                    withClue(wrong) { shouldThrow<IllegalArgumentException> { make(wrong) }.message!! shouldContain "http:// or https://" }
                }
            }
        }

        test("the fragment of the request stays, unless there is another one") {
            "${Location.resolve(URI("http://a/b#here"), "/c")}" shouldBe "http://a/c#here"
            "${Location.resolve(URI("http://a/b#here"), "/c#there")}" shouldBe "http://a/c#there"
        }

        test("what leads to no server of HTTP is refused") {
            for (wrong in listOf(
                "ftp://a/",
                "file:///etc/passwd",
                "javascript:alert(1)",
                "http:///x",
                "http://user:word@a/",
                "http://a:0/",
                "http://a:99999/",
            )) {
                withClue(wrong) { shouldThrow<IllegalArgumentException> { Location.resolve(base, wrong) } }
            }
        }

        test("whatever comes is a URL that can be sent, or refused") {
            var sent = 0
            var refused = 0
            checkAll(2_000, Arb.string(0, 20)) { text ->
                val latin = text.map { (it.code and 0xff).toChar() }.joinToString("")
                try {
                    val target = Origin.target("GET", Location.resolve(base, latin))
                    withClue(target) { isTarget("GET", target) shouldBe true }
                    sent++
                } catch (_: IllegalArgumentException) {
                    refused++
                }
            }
            sent shouldBeGreaterThan 100
            refused shouldBeGreaterThan 10
        }
    })

private val RFC_3986 = mapOf(
    "g" to "http://a/b/c/g", "./g" to "http://a/b/c/g", "g/" to "http://a/b/c/g/", "/g" to "http://a/g", "//g" to "http://g",
    "?y" to "http://a/b/c/d;p?y", "g?y" to "http://a/b/c/g?y", "#s" to "http://a/b/c/d;p?q#s", "g#s" to "http://a/b/c/g#s",
    "g?y#s" to "http://a/b/c/g?y#s", ";x" to "http://a/b/c/;x", "g;x" to "http://a/b/c/g;x", "" to "http://a/b/c/d;p?q",
    "." to "http://a/b/c/", "./" to "http://a/b/c/", ".." to "http://a/b/", "../" to "http://a/b/", "../g" to "http://a/b/g",
    "../.." to "http://a/", "../../" to "http://a/", "../../g" to "http://a/g", "../../../g" to "http://a/g", "/./g" to "http://a/g",
    "/../g" to "http://a/g", "g." to "http://a/b/c/g.", "..g" to "http://a/b/c/..g", "./../g" to "http://a/b/g",
    "./g/." to "http://a/b/c/g/",
    "g/./h" to "http://a/b/c/g/h", "g/../h" to "http://a/b/c/h", "g;x=1/../y" to "http://a/b/c/y", "g?y/../x" to "http://a/b/c/g?y/../x",
)
