// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.Headers
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.property.Arb
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll
import java.net.URI
import java.time.Clock
import java.time.Duration
import java.time.Instant
import java.time.ZoneId
import java.time.ZoneOffset

/** The rules of RFC 6265 and 6265bis, with the places where other clients have leaked cookies. */
class CookieJarSpec :
    FunSpec({
        test("a cookie goes back to its host, in its path, and not to others") {
            val jar = jar("http://www.example.com/a/b", "x=1")
            jar.header(URI("http://www.example.com/a/c")) shouldBe "x=1"
            jar.header(URI("http://WWW.EXAMPLE.COM/a")) shouldBe "x=1"
            for (other in listOf("/", "/ab", "/A/c")) jar.header(URI("http://www.example.com$other")) shouldBe null
            for (other in listOf("example.com", "x.www.example.com", "www.example.org", "notwww.example.com")) {
                jar.header(URI("http://$other/a/c")) shouldBe null
            }
        }

        test("a full jar takes another cookie without a look at the site of each") {
            val jar = CookieJar()
            var looks = 0
            jar.siteOf = { host -> CookieRules.siteOf(host).also { looks++ } }
            for (site in 1..30) for (i in 1..100) jar.store(URI("http://a.b.c.d.site$site.co.uk/"), listOf("n$i=x"))
            looks shouldBe 3_000
            jar.store(URI("http://evil.example.com/"), (1..256).map { i -> "n$i=x" })
            jar.all().size shouldBe 3_000
            looks shouldBe 3_256
        }

        test("a full jar is looked through once for an answer with many cookies") {
            var looks = 0
            val clock = object : Clock() {
                override fun instant() = Instant.EPOCH.also { looks++ }

                override fun withZone(zone: ZoneId) = this

                override fun getZone() = ZoneOffset.UTC
            }
            val jar = CookieJar(CookieLimits.DEFAULT, clock)
            repeat(2) { time ->
                looks = 0
                jar.store(URI("http://example.com/"), (1..180).map { i -> "n$time-$i=x" })
                looks shouldBeInRange 1..362 // two for each cookie, of which one reads it
            }
            jar.all().map { it.name } shouldContainExactly (1..180).map { i -> "n1-$i" }
        }

        test("a domain is for all names below it, if it is the host's own") {
            val jar = jar("http://www.example.com/", "x=1; Domain=.Example.com")
            for (host in listOf("example.com", "www.example.com", "a.b.example.com")) jar.header(URI("http://$host/")) shouldBe "x=1"
            for (host in listOf("badexample.com", "example.com.evil.org")) jar.header(URI("http://$host/")) shouldBe null
            for (foreign in listOf("other.com", "b.www.example.com", "xample.com")) {
                withClue(foreign) { jar("http://www.example.com/", "x=1; Domain=$foreign").all().shouldBeEmpty() }
            }
        }

        test("nobody sets a cookie for a public suffix, whatever its letters or dots") {
            for (suffix in listOf("com", "co.uk", "CO.UK", ".co.uk", "co.uk.", "github.io", "x.kawasaki.jp", "xn--p1ai")) {
                withClue(suffix) { jar("http://me.${suffix.trim('.').lowercase()}/", "x=1; Domain=$suffix").all().shouldBeEmpty() }
            }
            jar("http://me.github.io/", "x=1; Domain=me.github.io").all() shouldHaveSize 1
            jar("http://www.city.kawasaki.jp/", "x=1; Domain=city.kawasaki.jp").all() shouldHaveSize 1
        }

        test("an address is nobody's domain, and localhost is a host") {
            jar("http://127.0.0.1/", "x=1; Domain=0.0.1").all().shouldBeEmpty()
            jar("http://127.0.0.1:8080/", "x=1").header(URI("http://127.0.0.1/")) shouldBe "x=1"
            jar("http://[::1]/", "x=1").header(URI("http://[::1]/")) shouldBe "x=1"
            jar("http://localhost/", "x=1").header(URI("http://localhost/")) shouldBe "x=1"
        }

        test("a host with a dot at its end is the same host") {
            jar("http://example.com./", "x=1").header(URI("http://example.com/")) shouldBe "x=1"
        }

        test("secure cookies come from https, go over https, and are not hidden by others") {
            jar("http://example.com/", "x=1; Secure").all().shouldBeEmpty()
            val jar = jar("https://example.com/", "x=1; Secure")
            jar.header(URI("https://example.com/")) shouldBe "x=1"
            jar.header(URI("http://example.com/")) shouldBe null
            jar.store(URI("http://example.com/"), listOf("x=evil", "x=evil; Path=/deeper"))
            jar.store(URI("http://www.example.com/"), listOf("x=evil; Domain=example.com"))
            jar.header(URI("https://example.com/deeper")) shouldBe "x=1"
        }

        test("prefixes mean what they say, in any case") {
            jar("https://example.com/", "__Secure-x=1").all().shouldBeEmpty()
            jar("https://example.com/", "__Secure-x=1; Secure").all() shouldHaveSize 1
            jar("https://example.com/", "__host-x=1; Secure; Path=/a").all().shouldBeEmpty()
            jar("https://example.com/", "__Host-x=1; Secure; Path=/; Domain=example.com").all().shouldBeEmpty()
            jar("https://example.com/", "__Host-x=1; Secure").all().shouldBeEmpty()
            jar("https://example.com/", "__Host-x=1; Secure; Path=/").all() shouldHaveSize 1
        }

        test("times: Max-Age before Expires, dates in all forms, an end in the past removes, and 400 days are the most") {
            val clock = Hand()
            val jar = CookieJar(CookieLimits.DEFAULT, clock)
            val url = URI("http://example.com/")
            jar.store(
                url,
                listOf("a=1; Max-Age=60; Expires=Wed, 01 Jan 2020 00:00:00 GMT", "b=1; Expires=Thursday, 27-Nov-26 00:00:00 GMT", "c=1"),
            )
            jar.header(url) shouldBe "a=1; b=1; c=1"
            clock.now += Duration.ofSeconds(60)
            jar.header(url) shouldBe "b=1; c=1"
            jar.store(url, listOf("b=2; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "c=; Max-Age=0"))
            jar.all().shouldBeEmpty()
            jar.store(url, listOf("d=1; Max-Age=999999999"))
            jar.all().single().expires shouldBe clock.now + Duration.ofDays(400)
        }

        test("the longer path comes first, then the older cookie; a new value keeps its place") {
            val jar = jar("http://example.com/a/b", "x=1; Path=/", "y=1; Path=/", "z=1; Path=/a")
            jar.store(URI("http://example.com/"), listOf("x=2; Path=/"))
            jar.header(URI("http://example.com/a/")) shouldBe "z=1; x=2; y=1"
        }

        test("what is no cookie is ignored: controls, no name, too large") {
            for (wrong in listOf("x=a\u0001b", "=1", "", ";", "x=" + "a".repeat(5000))) {
                withClue(wrong.take(20)) { jar("http://example.com/", wrong).all().shouldBeEmpty() }
            }
        }

        test("limits: the cookies that are used least go first, and a site cannot push out others") {
            val jar = CookieJar(CookieLimits.DEFAULT.withMaxCookiesPerSite(3).withMaxCookies(5))
            jar.store(URI("http://good.org/"), listOf("a=1"))
            for (i in 1..3) jar.store(URI("http://h$i.evil.com/"), listOf("a=1"))
            jar.header(URI("http://h1.evil.com/")) shouldBe "a=1" // it is used, so it stays
            for (i in 4..5) jar.store(URI("http://h$i.evil.com/"), listOf("a=1"))
            jar.all().map { it.domain } shouldContainExactly listOf("good.org", "h1.evil.com", "h4.evil.com", "h5.evil.com")
            val full = jar("http://example.com/", *Array(100) { "c$it=${"v".repeat(200)}" })
            full.header(URI("http://example.com/"))!!.length shouldBeInRange 5_900..6 * 1024
        }

        test("a jar is saved as cookies.txt, and loaded again; a wrong line adds nothing") {
            val clock = Hand()
            val jar = CookieJar(CookieLimits.DEFAULT, clock)
            jar.store(URI("https://www.example.com/a/"), listOf("x=1; Domain=example.com; Path=/; Secure; HttpOnly; Max-Age=100", "y=a b"))
            val text = jar.save()
            text shouldBe "# Netscape HTTP Cookie File\n" +
                "#HttpOnly_.example.com\tTRUE\t/\tTRUE\t${clock.now.epochSecond + 100}\tx\t1\nwww.example.com\tFALSE\t/a\tFALSE\t0\ty\ta b\n"
            val again = CookieJar(CookieLimits.DEFAULT, clock)
            again.load(text)
            again.save() shouldBe text
            again.clearSession()
            again.all().map { it.name } shouldContainExactly listOf("x")
            val wrong =
                listOf(
                    "a.com\tTRUE\t/",
                    ".com\tTRUE\t/\tFALSE\t0\tx\t1",
                    "a.com\tFALSE\t/\tFALSE\tsoon\tx\t1",
                    "a.com\tFALSE\t/\tFALSE\t0\tx\ta;b",
                )
            for (line in wrong) {
                val error = shouldThrow<IllegalArgumentException> { again.load("b.com\tFALSE\t/\tFALSE\t0\tz\t1\n$line\n") }
                error.message shouldContain "line 2"
                again.all() shouldHaveSize 1
            }
        }

        test("a jar and its cookies do not tell their values") {
            val jar = jar("http://example.com/", "x=secret")
            "$jar ${jar.all()}" shouldNotContain "secret"
        }

        test("whatever a server sets: the field that is sent back is one of HTTP, and comes through a file") {
            checkAll(1_000, Arb.string(0, 30), Arb.string(0, 10)) { text, more ->
                val field = "$text;$more".map { (it.code and 0xff).toChar() }.joinToString("")
                val jar = jar("https://www.example.com/a", field)
                val again = CookieJar().apply { load(jar.save()) }
                val header = jar.header(URI("https://www.example.com/a"))
                again.header(URI("https://www.example.com/a")) shouldBe header
                if (header != null) Headers.of("Cookie", header.trim())
            }
        }
    })

private fun jar(url: String, vararg fields: String) = CookieJar().apply { store(URI(url), fields.toList()) }

/** A clock that the test sets. */
private class Hand : Clock() {
    var now: Instant = Instant.parse("2026-11-26T12:00:00Z")

    override fun instant(): Instant = now

    override fun getZone(): ZoneId = ZoneOffset.UTC

    override fun withZone(zone: ZoneId): Clock = this
}
