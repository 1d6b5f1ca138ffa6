// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.maps.shouldBeEmpty
import io.kotest.matchers.shouldBe

/** The parameters of a query. */
class QuerySpec :
    FunSpec({
        fun asked(target: String): Request {
            var seen: Request? = null
            scene(handler = {
                seen = it
                Response.of(204)
            }) { connect().ask(get(target)) }
            return seen!!
        }

        test("parameters are there by name, each with its values in their order, decoded") {
            val request = asked("/?b=1&a%20b=%C3%A4+x&b=2&c&&=d&e=f=g&b=")
            request.queryParameters shouldBe mapOf(
                "b" to listOf("1", "2", ""),
                "a b" to listOf("\u00e4 x"),
                "c" to listOf(""),
                "" to listOf("d"),
                "e" to listOf("f=g"),
            )
            request.queryParameters.keys.toList().shouldContainExactly("b", "a b", "c", "", "e")
            request.queryAll("b").shouldContainExactly("1", "2", "")
            request.query("b") shouldBe "1"
            request.query("none") shouldBe null
        }

        test("what is escaped wrongly stays as it is, and no query has no parameters") {
            asked("/?a=%zz&%=1").queryParameters shouldBe mapOf("a" to listOf("%zz"), "%" to listOf("1"))
            for (target in listOf("/", "/?", "/?&")) {
                asked(target).queryParameters.shouldBeEmpty()
                asked(target).queryAll("").shouldBeEmpty()
            }
        }
    })
