// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import java.time.Duration

/** Cookies that are sent, and that come back. */
class CookieSpec :
    FunSpec({
        test("the defaults are the safe ones, and over TLS with Secure") {
            val cookie = SetCookie.of("a", "b")
            cookie.field(isTls = false) shouldBe "a=b; Path=/; HttpOnly; SameSite=Lax"
            cookie.field(isTls = true) shouldBe "a=b; Path=/; Secure; HttpOnly; SameSite=Lax"
            cookie.withMaxAge(Duration.ofHours(1)).withDomain("example.com").withPath("/x").withHttpOnly(false)
                .withSameSite(SetCookie.SameSite.STRICT).withSecure(true).field(isTls = false) shouldBe
                "a=b; Path=/x; Domain=example.com; Max-Age=3600; Secure; SameSite=Strict"
            cookie.withSecure(false).field(isTls = true) shouldNotContain "Secure"
            cookie.withSameSite(SetCookie.SameSite.NONE).field(isTls = false) shouldContain "; Secure"
            cookie.withDomain("a.b").expired().field(isTls = false) shouldBe "a=; Path=/; Domain=a.b; Max-Age=0; HttpOnly; SameSite=Lax"
            cookie.toString() shouldNotContain "b"
        }

        test("the prefixes of a name hold what they say") {
            SetCookie.of("__Host-a", "b").field(isTls = false) shouldContain "; Secure"
            SetCookie.of("__Secure-a", "b").withDomain("a.b").field(isTls = false) shouldContain "; Secure"
            for (wrong in listOf<() -> Any>(
                { SetCookie.of("__Host-a", "b").withDomain("a.b") },
                { SetCookie.of("__Host-a", "b").withPath("/x") },
                { SetCookie.of("__host-a", "b").withPath("/x") },
                { SetCookie.of("__Host-a", "b").withSecure(false) },
                { SetCookie.of("__Secure-a", "b").withSecure(false) },
                { SetCookie.of("a", "b").withSecure(false).withSameSite(SetCookie.SameSite.NONE) },
            )) {
                shouldThrow<IllegalArgumentException> { wrong() }
            }
        }

        test("nobody breaks out of a cookie") {
            for (name in listOf("", "a b", "a=", "a;", "a\r\n", "\u00e4")) {
                withClue(name) { shouldThrow<IllegalArgumentException> { SetCookie.of(name, "b") } }
            }
            for (value in listOf("a;b", "a b", "a,b", "\"a\"", "a\\", "a\r\nSet-Cookie: b=c", "\u00e4", "\u0000", "x".repeat(4096))) {
                withClue(value) { shouldThrow<IllegalArgumentException> { SetCookie.of("a", value) } }
            }
            for (path in listOf("", "x", "/;", "/\r\n", "/\u00e4")) {
                shouldThrow<IllegalArgumentException> {
                    SetCookie.of("a", "b").withPath(path)
                }
            }
            for (domain in listOf("", "a;", "a b", "a:1", "a/b")) {
                shouldThrow<IllegalArgumentException> {
                    SetCookie.of("a", "b").withDomain(domain)
                }
            }
            shouldThrow<IllegalArgumentException> { SetCookie.of("a", "b").withMaxAge(Duration.ofSeconds(-1)) }
        }

        test("an answer sets several cookies, and one of the same name, domain and path once") {
            scene(handler = {
                Response.text("x").withCookie(SetCookie.of("a", "1")).withCookie(SetCookie.of("b", "2")).withCookie(SetCookie.of("a", "3"))
                    .withCookie(SetCookie.of("a", "4").withPath("/x")).withStatus(201)
            }) {
                connect().ask(get("/")).lines().filter {
                    it.startsWith("Set-Cookie: ")
                }.map { it.substringAfter(": ").substringBefore(";") } shouldBe
                    listOf("b=2", "a=3", "a=4")
            }
        }

        test("cookies come back by their names, the first of each, and nothing else is taken for one") {
            scene(handler = { Response.text("${it.cookies} ${it.cookie("a")}") }) {
                mapOf(
                    "a=1; b=2" to "{a=1, b=2} 1",
                    "a=1;b=2" to "{a=1, b=2} 1",
                    "a=1; a=2; A=3" to "{a=1, A=3} 1",
                    "a=b=c" to "{a=b=c} b=c",
                    "a=\"x y\"" to "{a=\"x y\"} \"x y\"",
                    "a; =1; ;b=" to "{b=} null",
                    "a b=1; c\u00e4=2; =a=1" to "{} null",
                ).forEach { (field, answer) ->
                    withClue(field) { connect().ask(get("/", "Cookie: $field\r\n")).substringAfter("\r\n\r\n") shouldBe answer }
                }
                connect().ask(get("/", "Cookie: a=1\r\nCookie: b=2; a=3\r\n")).substringAfter("\r\n\r\n") shouldBe "{a=1, b=2} 1"
                connect().ask(get("/")).substringAfter("\r\n\r\n") shouldBe "{} null"
            }
        }
    })
