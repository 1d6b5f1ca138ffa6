// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** Pages of other sites, and what they make a browser send. */
class SameOriginSpec :
    FunSpec({
        fun status(method: String, fields: String, host: String = "shop.example"): String {
            var status = ""
            scene(handler = listOf(SameOrigin.filter("https://app.example")).around { Response.text("done") }) {
                status = connect().ask("$method /buy HTTP/1.1\r\nHost: $host\r\n$fields\r\n").substringAfter(' ').take(3)
            }
            return status
        }

        test("a page of this site, a user and no browser may change something; pages of other sites may not") {
            for ((fields, expected) in listOf(
                "" to "200",
                "Sec-Fetch-Site: same-origin\r\n" to "200",
                "Sec-Fetch-Site: none\r\n" to "200",
                "Sec-Fetch-Site: same-site\r\n" to "403",
                "Sec-Fetch-Site: cross-site\r\n" to "403",
                "Sec-Fetch-Site: Same-Origin\r\n" to "403",
                "Sec-Fetch-Site:\r\n" to "403",
                "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n" to "403",
                "Sec-Fetch-Site: cross-site\r\nOrigin: https://shop.example\r\n" to "403", // of another scheme or port
                "Sec-Fetch-Site: same-origin\r\nOrigin: https://shop.example\r\n" to "200",
                "Origin: https://shop.example\r\n" to "200",
                "Origin: https://SHOP.example\r\n" to "200",
                "Origin: https://shop.example:443\r\n" to "200",
                "Origin: http://shop.example:443\r\n" to "403",
                "Origin: https://shop.example:444\r\n" to "403",
                "Origin: https://evil.example\r\n" to "403",
                "Origin: https://shop.example.evil.example\r\n" to "403",
                "Origin: shop.example\r\n" to "403",
                "Origin: null\r\n" to "403",
                "Origin:\r\n" to "403",
                "Origin: https://shop.example\r\nOrigin: https://evil.example\r\n" to "403",
            )) {
                withClue(fields) {
                    for (method in listOf("POST", "PUT", "DELETE", "PATCH", "BREW")) status(method, fields) shouldBe expected
                    for (method in listOf("GET", "HEAD", "OPTIONS")) status(method, fields) shouldBe "200"
                }
            }
            status("POST", "Origin: http://[::1]:8080\r\n", host = "[::1]:8080") shouldBe "200"
        }

        test("a proxy may put the usual port behind the host, and browsers leave it out") {
            for ((origin, host, expected) in listOf(
                Triple("https://shop.example", "shop.example:443", "200"),
                Triple("http://shop.example", "shop.example:80", "200"),
                Triple("http://[::1]", "[::1]:80", "200"),
                Triple("http://shop.example", "shop.example:443", "403"),
                Triple("https://shop.example", "shop.example:80", "403"),
                Triple("https://shop.example", "shop.example:8443", "403"),
                Triple("https://shop.example:4", "shop.example:443", "403"),
                Triple("null", "shop.example:80", "403"),
            )) {
                withClue("$origin at $host") { status("POST", "Origin: $origin\r\n", host) shouldBe expected }
            }
        }

        test("origins that are named may send anything, and no others that are alike") {
            status("POST", "Origin: https://app.example\r\nSec-Fetch-Site: cross-site\r\n") shouldBe "200"
            status("POST", "Origin: https://app.example\r\n") shouldBe "200"
            for (other in listOf("http://app.example", "https://app.example:8443", "https://xapp.example", "https://app.example/")) {
                withClue(other) { status("POST", "Origin: $other\r\nSec-Fetch-Site: cross-site\r\n") shouldBe "403" }
            }
            for (wrong in listOf("null", "*", "app.example", "https://app.example/", "https://app.example:443")) {
                shouldThrow<IllegalArgumentException> { SameOrigin.filter(wrong) }
            }
        }
    })
