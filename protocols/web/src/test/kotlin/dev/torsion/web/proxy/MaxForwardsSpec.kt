// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.proxy

import dev.torsion.web.Response
import dev.torsion.web.get
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.string.shouldStartWith

/** A client that counts the servers on the way (RFC 9110 7.6.2). */
class MaxForwardsSpec :
    FunSpec({
        test("OPTIONS goes as many servers far as Max-Forwards says; the last one answers") {
            val asked = ArrayList<String>()
            proxied({ request ->
                asked.add("${request.method} ${request.headers["Max-Forwards"]}")
                Response.text("server")
            }) {
                fun options(hops: String) = connect().ask("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: $hops\r\n\r\n")
                for (none in listOf("0", "00")) {
                    val answer = options(none)
                    answer shouldStartWith "HTTP/1.1 204 "
                    answer shouldContain "\r\nAllow: GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS\r\n"
                }
                asked shouldBe emptyList()
                for ((hops, passed) in listOf(
                    "1" to "0",
                    "10" to "9",
                    "007" to "6",
                    "9".repeat(40) to "9".repeat(18),
                    "many" to "many",
                    "-1" to "-1",
                    "" to "",
                )) {
                    withClue(hops) {
                        options(hops) shouldEndWith "server"
                        asked.removeLast() shouldBe "OPTIONS $passed"
                    }
                }
            }
        }

        test("for other methods it is a field like others") {
            val asked = ArrayList<String?>()
            proxied({ request ->
                asked.add(request.headers["Max-Forwards"])
                Response.text("server")
            }) {
                connect().ask(get("/", "Max-Forwards: 0\r\n")) shouldEndWith "server"
                asked shouldBe listOf("0")
            }
        }
    })
