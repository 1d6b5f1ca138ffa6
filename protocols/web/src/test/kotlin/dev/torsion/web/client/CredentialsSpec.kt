// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain

/** Names and passwords that go to a field. */
class CredentialsSpec :
    FunSpec({
        val ways = mapOf<String, (String, String) -> Any>(
            "basic" to { user, password -> Authentication.basic(user, password) },
            "digest" to { user, password -> Authentication.digest(user, password) },
            "proxy" to { user, password -> HttpProxy.of("proxy.example", 3128).withCredentials(user, password) },
        )

        test("a name with a colon, and control characters in either, are refused, and not shown") {
            for ((way, make) in ways) {
                for (control in listOf("\r", "\n", "\r\nX: y", "\u0000", "\t", "\u007f", "\u0085")) {
                    withClue("$way ${control.first().code}") {
                        shouldThrow<IllegalArgumentException> { make("tom$control", "secret") }.message!! shouldContain "name of a user"
                        val refused = shouldThrow<IllegalArgumentException> { make("tom", "secret$control") }
                        refused.message!! shouldContain "password"
                        refused.message!! shouldNotContain "secret"
                    }
                }
                withClue(way) { shouldThrow<IllegalArgumentException> { make("to:m", "x") }.message!! shouldContain "colon" }
                make("tom", "a:b \u00e4").toString() shouldNotContain "tom"
            }
        }

        test("a URL with a user is refused everywhere") {
            for (take in listOf<(String) -> Any>({ ClientRequest.get(it) }, { HttpProxy.of(it) })) {
                for (user in listOf("tom@", "tom:secret@", "tom%0d%0a:x@")) {
                    shouldThrow<IllegalArgumentException> { take("http://${user}a.example/") }.message!! shouldNotContain "secret"
                }
            }
            HttpProxy.of("http://a.example/").host shouldBe "a.example"
        }
    })
