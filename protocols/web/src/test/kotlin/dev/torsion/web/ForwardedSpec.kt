// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.endpoint.ProxyHeader
import dev.torsion.endpoint.ProxyProtocol
import dev.torsion.net.IPv4Address
import dev.torsion.net.IPv6Address
import dev.torsion.net.UnixAddress
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.nio.file.Path
import kotlin.random.Random

/** The client is the one that trusted proxies name, and nobody else names it. */
class ForwardedSpec :
    FunSpec({
        val address = IPv4Address("10.0.0.1", 1000)
        val own = Origin(address, address, "http", null)

        fun found(proxies: TrustedProxies, vararg fields: String): String {
            val origin = Origin.of(own, Headers.of(*fields), proxies)
            return "${origin.client} ${origin.scheme} ${origin.host}"
        }

        val ours = TrustedProxies.forwarded("10.0.0.0/8", "fd00::/8")
        val theirs = TrustedProxies.xForwarded("10.0.0.0/8", "fd00::/8")
        val nothing = "10.0.0.1:1000 http null"

        test("the client is the first from the end that is no trusted proxy, with the scheme and host that it used there") {
            mapOf(
                "for=192.0.2.60;proto=https;host=a.example" to "192.0.2.60:0 https a.example",
                "For=192.0.2.60 ; PROTO=HTTPS;by=10.0.0.1" to "192.0.2.60:0 https null",
                "for=\"192.0.2.60:4711\"" to "192.0.2.60:4711 http null",
                "for=\"[2001:db8:cafe::17]:4711\";host=\"a:8080\"" to "[2001:db8:cafe::17]:4711 http a:8080",
                "for=1.1.1.1;proto=https, for=192.0.2.60;host=b" to "192.0.2.60:0 http b",
                "for=1.1.1.1, for=192.0.2.60;proto=https;host=b, for=10.2.2.2;host=c" to "192.0.2.60:0 https b",
                "for=192.0.2.60;proto=https, for=\"[fd00::1]\", for=10.2.2.2" to "192.0.2.60:0 https null",
                "for=10.9.9.9, for=10.2.2.2" to "10.9.9.9:0 http null",
                "for=1.1.1.1, for=unknown;proto=https, for=10.2.2.2" to "10.2.2.2:0 https null",
                "for=1.1.1.1, for=_hidden" to nothing,
                "for=1.1.1.1, proto=https" to "10.0.0.1:1000 https null",
                "for=192.0.2.60;x=\"a,b;c\\\"\"" to "192.0.2.60:0 http null",
                ",, for=192.0.2.60 ,," to "192.0.2.60:0 http null",
                "for=\"[::ffff:192.0.2.60]\"" to "192.0.2.60:0 http null",
                "for=192.0.2.60;proto=gopher" to "192.0.2.60:0 http null",
                "for=\"_x:_y\"" to nothing,
                "" to nothing,
            ).forEach { (field, expected) -> withClue(field) { found(ours, "Forwarded", field) shouldBe expected } }
        }

        test("several fields are one list, and the fields of the other kind are not read") {
            val three = found(ours, "Forwarded", "for=1.1.1.1", "Forwarded", "for=192.0.2.60", "X-Forwarded-For", "6.6.6.6")
            three shouldBe "192.0.2.60:0 http null"
            found(ours, "X-Forwarded-For", "6.6.6.6", "X-Forwarded-Proto", "https") shouldBe nothing
            found(theirs, "Forwarded", "for=6.6.6.6;proto=https") shouldBe nothing
            found(theirs, "X-Forwarded-For", "1.1.1.1", "X-Forwarded-For", "192.0.2.60") shouldBe "192.0.2.60:0 http null"
        }

        test("what breaks RFC 7239 is refused") {
            for (field in listOf(
                "for", "for=", "=a", "for=a=b", "for=1.2.3.4:80", "for=[::1]", "for=\"::1\"", "for=\"1.2.3.4", "for=\"1.2.3.4\\",
                "for=1.2.3",
                "for=1.2.3.256", "for=01.2.3.4", "for=\"1.2.3.4:99999\"", "for=\"1.2.3.4:\"", "for=\"[1::2::3]\"", "for=\"[1.2.3.4]\"",
                "for=example.com", "for=_", "for=\"\"", "for=1.1.1.1;for=2.2.2.2", "for=1.1.1.1;FOR=2.2.2.2", "for =1.1.1.1",
                "for= 1.1.1.1",
                "for=1.1.1.1 for=2.2.2.2", "for=1.1.1.1;proto=", "for=1.1.1.1;proto=1x", "for=1.1.1.1;host=\"a b\"",
                "for=1.1.1.1;host=\"\"",
                "for=1.1.1.1;by=nobody", "for=1.1.1.1;host=\"u@a\"", "\"for\"=1.1.1.1", "for=\"1.1.1.1\"x", "for=\"[fe80::1%eth0]\"",
            )) {
                withClue(field) { shouldThrow<HttpViolationException> { ForwardedSyntax.parse(listOf(field)) }.status shouldBe 400 }
            }
        }

        test("lists of X-Forwarded-For are read from their end as well, and what cannot be read ends the way") {
            fun found(list: String, vararg fields: String) = found(theirs, "X-Forwarded-For", list, *fields)
            found("192.0.2.60") shouldBe "192.0.2.60:0 http null"
            found("1.1.1.1, 192.0.2.60, 10.2.2.2") shouldBe "192.0.2.60:0 http null"
            found("192.0.2.60:4711") shouldBe "192.0.2.60:4711 http null"
            found("2001:db8::1") shouldBe "[2001:db8::1]:0 http null"
            found("[2001:db8::1]") shouldBe "[2001:db8::1]:0 http null"
            found("[2001:db8::1]:4711") shouldBe "[2001:db8::1]:4711 http null"
            val none = listOf("1.1.1.1, unknown", "1.1.1.1, a.example", "1.1.1.1,", "1.1.1.1, 1.2.3")
            for (bad in none + listOf("1.1.1.1, 1.2.3.4:99999", "1.1.1.1, [1.2.3.4]x")) {
                withClue(bad) { found(bad) shouldBe nothing }
            }
            found("192.0.2.60", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "a:8080") shouldBe "192.0.2.60:0 https a:8080"
            found("192.0.2.60, 10.2.2.2", "X-Forwarded-Proto", "https") shouldBe "192.0.2.60:0 https null"
            found("1.1.1.1, 192.0.2.60", "X-Forwarded-Proto", "http, https") shouldBe "192.0.2.60:0 https null"
            found("192.0.2.60", "X-Forwarded-Proto", "https, http") shouldBe "192.0.2.60:0 http null"
            found("192.0.2.60", "X-Forwarded-Proto", "gopher", "X-Forwarded-Host", "a b") shouldBe "192.0.2.60:0 http null"
        }

        test("networks are what they say") {
            val proxies = TrustedProxies.forwarded("192.0.2.0/25", "2001:db8::/33", "198.51.100.7", "unix")
            mapOf(
                "192.0.2.0" to true,
                "192.0.2.127" to true,
                "192.0.2.128" to false,
                "192.0.3.1" to false,
                "198.51.100.7" to true,
                "198.51.100.6" to false,
            ).forEach { (host, isTrusted) -> withClue(host) { proxies.trusts(IPv4Address(host, 1)) shouldBe isTrusted } }
            proxies.trusts(IPv6Address("2001:db8:7fff::1", 1)) shouldBe true
            proxies.trusts(IPv6Address("2001:db8:8000::1", 1)) shouldBe false
            proxies.trusts(IPv6Address("2001:db8::1%eth0", 1)) shouldBe true
            proxies.trusts(UnixAddress(Path.of(""))) shouldBe true
            ours.trusts(UnixAddress(Path.of(""))) shouldBe false
            TrustedProxies.forwarded("0.0.0.0/0").trusts(IPv4Address("8.8.8.8", 1)) shouldBe true
            val none = listOf("a.example", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1")
            for (bad in none + listOf("::/129", "10.0.0", "", "fe80::1%eth0/64")) {
                withClue(bad) { shouldThrow<IllegalArgumentException> { TrustedProxies.forwarded(bad) } }
            }
            shouldThrow<IllegalArgumentException> { TrustedProxies.forwarded() }
        }

        test("whatever a client puts before them, what trusted proxies add decides: at random") {
            val random = Random(15)
            val alphabet = "for=by;proto,host\"\\[]:._ 1270x\tunknown-"
            repeat(20_000) {
                val garbage = String(CharArray(random.nextInt(40)) { alphabet[random.nextInt(alphabet.length)] })
                val client = "192.0.2.${random.nextInt(256)}"
                val added = if (random.nextBoolean()) "for=$client" else "for=$client;proto=https, for=10.3.3.3"
                withClue("$garbage | $added") {
                    for (headers in listOf(
                        Headers.of("Forwarded", garbage.trim(), "Forwarded", added),
                        Headers.of("Forwarded", "$garbage, $added".trim()),
                    )) {
                        try {
                            "${Origin.of(own, headers, ours).client}" shouldBe "$client:0"
                        } catch (refused: HttpViolationException) {
                            refused.status shouldBe 400
                        }
                    }
                    val list = added.replace(";proto=https", "").replace("for=", "")
                    "${Origin.of(own, Headers.of("X-Forwarded-For", "$garbage, $list".trim()), theirs).client}" shouldBe "$client:0"
                }
            }
        }

        test("what is written by the rules is read as it was meant: at random") {
            val random = Random(7239)
            repeat(5_000) {
                val elements = List(random.nextInt(1, 5)) {
                    val long = "[2001:db8::${random.nextInt(1, 0xffff).toString(16)}]"
                    val host = if (random.nextBoolean()) "192.0.2.${random.nextInt(256)}" else long
                    val port = if (random.nextBoolean()) ":${random.nextInt(65_536)}" else ""
                    val value = if (port.isEmpty() && host[0] != '[' && random.nextBoolean()) host else "\"$host$port\""
                    val name = listOf("for", "For", "FOR").random(random)
                    val scheme = listOf("", ";proto=https", ";Proto=\"http\"").random(random)
                    "$host${port.ifEmpty { ":0" }}" to "$name=$value$scheme"
                }
                val text = elements.joinToString(listOf(",", ", ", " ,\t").random(random)) { it.second }
                withClue(text) { ForwardedSyntax.parse(listOf(text)).map { "${it.client}" } shouldBe elements.map { it.first } }
            }
        }

        val shown: suspend (Request) -> Response = { Response.text("${it.client} ${it.scheme} ${it.authority} by ${it.peer}") }

        fun body(answer: String) = answer.substringAfter("\r\n\r\n").substringBeforeLast(':')

        test("a request has what its proxy says; from a stranger nothing of it counts") {
            scene(HttpServerOptions.DEFAULT.withTrustedProxies(TrustedProxies.forwarded("127.0.0.1")), shown) {
                val answer = connect().ask(get("/", "Forwarded: for=192.0.2.60;proto=https;host=b\r\n"))
                body(answer) shouldBe "192.0.2.60:0 https b by 127.0.0.1"
                body(connect().ask("GET http://c/ HTTP/1.1\r\nHost: c\r\n\r\n")) shouldContain " http c by 127.0.0.1"
                connect().ask(get("/", "Forwarded: for=\"\r\n")) shouldStartWith "HTTP/1.1 400 "
            }
            scene(HttpServerOptions.DEFAULT.withTrustedProxies(TrustedProxies.forwarded("10.0.0.0/8")), shown) {
                body(connect().ask(get("/", "Forwarded: for=192.0.2.60;proto=https;host=b\r\n"))) shouldContain " http a by 127.0.0.1"
                connect().ask(get("/", "Forwarded: for=\"\r\n")) shouldStartWith "HTTP/1.1 200 "
            }
            scene(handler = shown) { body(connect().ask(get("/", "Forwarded: for=192.0.2.60\r\n"))) shouldContain " http a by 127.0.0.1" }
        }

        test("behind a PROXY header the client is the address in it, and that one has to be trusted for more") {
            scene(HttpServerOptions.DEFAULT.withTrustedProxies(TrustedProxies.forwarded("10.0.0.0/8")), shown) {
                val behind = reactor.listenTcp(0, ProxyProtocol.receiving(reactor).wrap(site), "127.0.0.1")
                val ways = listOf("192.0.2.1" to "192.0.2.1:7 http a by 192.0.2.1", "10.0.0.8" to "6.6.6.6:0 http a by 10.0.0.8")
                for ((source, expected) in ways) {
                    val client = connect(behind)
                    client.transport.write(ProxyHeader(1, IPv4Address(source, 7), IPv4Address("10.0.0.9", 80)).toBytes())
                    body(client.ask(get("/", "Forwarded: for=6.6.6.6\r\n"))) shouldBe expected
                }
            }
        }
    })
