// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith

/** Behind a proxy that ends TLS, a request is one over TLS: when that proxy is trusted, and says so in its own kind of field. */
class SecureBehindProxySpec :
    FunSpec({
        val ours = TrustedProxies.forwarded("127.0.0.1")
        val theirs = TrustedProxies.xForwarded("127.0.0.1")
        val strangers = TrustedProxies.forwarded("10.0.0.0/8")
        val strangersX = TrustedProxies.xForwarded("10.0.0.0/8")
        val said = "Forwarded: for=192.0.2.1;proto=https;host=shop.example\r\n"
        val saidX = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\n"
        val others = "X-Forwarded-Ssl: on\r\nX-Forwarded-Scheme: https\r\nX-Forwarded-Port: 443\r\n" +
            "Front-End-Https: on\r\nX-Url-Scheme: https\r\n"

        /** The trusted proxies, the fields, and whether the request is one over TLS. */
        val ways = listOf(
            Triple(ours, said, true),
            Triple(theirs, saidX, true),
            Triple(ours, saidX, false), // of the kind that the proxy does not write
            Triple(theirs, said, false),
            Triple(ours, "Forwarded: for=192.0.2.1;proto=http\r\n", false),
            Triple(theirs, saidX.replace("https", "http"), false),
            Triple(ours, "Forwarded: for=6.6.6.6;proto=https, for=192.0.2.1;proto=http\r\n", false), // the first is the client's word
            Triple(theirs, "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\nX-Forwarded-Proto: https, http\r\n", false),
            Triple(theirs, "X_Forwarded_For: 192.0.2.1\r\nX_Forwarded_Proto: https\r\n", false),
            Triple(ours, others, false),
            Triple(theirs, "X-Forwarded-For: 192.0.2.1\r\n$others", false),
            Triple(strangers, said, false),
            Triple(strangersX, saidX, false),
            Triple(null, said + saidX, false),
        )

        fun each(handler: WebScene.() -> suspend (Request) -> Response, test: (String, Boolean) -> Unit) {
            for ((proxies, fields, isSecure) in ways) {
                withClue("$proxies $fields") {
                    lateinit var made: suspend (Request) -> Response
                    val options = if (proxies == null) HttpServerOptions.DEFAULT else HttpServerOptions.DEFAULT.withTrustedProxies(proxies)
                    scene(options, { made(it) }) {
                        made = handler()
                        test(connect().ask(get("/a?b", fields)), isSecure)
                    }
                }
            }
        }

        test("the request says so, and its cookies are Secure") {
            each({ { Response.text("${it.isSecure} ${it.scheme}").withCookie(SetCookie.of("a", "b")) } }) { answer, isSecure ->
                answer.substringAfter("\r\n\r\n") shouldBe if (isSecure) "true https" else "false http"
                val cookie = answer.lines().first { it.startsWith("Set-Cookie: a=b") }
                if (isSecure) cookie shouldContain "; Secure" else cookie shouldNotContain "Secure"
            }
        }

        test("a session has a cookie of this host and TLS alone") {
            each({
                val sessions = Sessions.inMemory(reactor).filter()
                listOf(sessions).around { request ->
                    request.session()["user"] = "joe"
                    Response.of(204)
                }
            }) { answer, isSecure ->
                val cookie = answer.lines().first { it.startsWith("Set-Cookie: ") }
                if (isSecure) {
                    cookie shouldStartWith "Set-Cookie: __Host-session="
                    cookie shouldContain "; Secure"
                } else {
                    cookie shouldStartWith "Set-Cookie: session="
                    cookie shouldNotContain "Secure"
                }
            }
        }

        test("a redirect to https ends there, and does not go round; a stranger is sent to TLS whatever it says") {
            each({ listOf(Redirects.toHttps("shop.example", "a")).around { Response.text("here") } }) { answer, isSecure ->
                if (isSecure) {
                    answer shouldContain "\r\n\r\nhere"
                } else {
                    answer shouldStartWith "HTTP/1.1 308 "
                    answer shouldContain Regex("\r\nLocation: https://(a|shop\\.example)/a\\?b\r\n")
                }
            }
        }

        test("redirects of paths keep to the scheme that the client has used, as they name none") {
            each({ listOf(Redirects.toSlash()).around { Response.text("here") } }) { answer, _ ->
                answer shouldContain "\r\nLocation: /a/?b\r\n"
            }
        }
    })
