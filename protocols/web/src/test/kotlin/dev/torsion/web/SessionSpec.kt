// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.net.ClientFactory
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.MemoryReactor
import dev.torsion.tls.Tls
import dev.torsion.tls.TlsIdentity
import dev.torsion.tls.TlsTrust
import dev.torsion.tls.listenTls
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.delay
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage

/** Sessions: their ids, their times, their number, and who wins. */
class SessionSpec :
    FunSpec({
        class Browser(val reactor: MemoryReactor, val site: Site) {
            var cookie: String? = null
            var answer = ""

            fun ask(path: String): String {
                val client = Raws.connect(reactor, site)
                client.send(get(path, cookie?.let { "Cookie: $it\r\n" }.orEmpty()))
                reactor.flush()
                answer = client.got()
                client.transport.loseConnection()
                answer.lines().firstOrNull { it.startsWith("Set-Cookie: ") }?.let { field ->
                    cookie = field.substringAfter(": ").substringBefore(";").takeUnless { "Max-Age=0" in field }
                }
                return answer.substringAfter("\r\n\r\n")
            }
        }

        val router = Router {
            get("/look") { Response.text("${it.session()["user"]} ${it.session().isNew}") }
            get("/put/{user}") { request ->
                request.session()["user"] = request.parameter("user")
                Response.of(204)
            }
            get("/login/{user}") { request ->
                request.session().renew()
                request.session()["user"] = request.parameter("user")
                Response.of(204)
            }
            get("/logout") { request ->
                request.session().end()
                Response.of(204)
            }
            get("/slow/{user}") { request ->
                delay(1000)
                request.session()["user"] = request.parameter("user")
                Response.of(204)
            }
            get("/slow-login/{user}") { request ->
                delay(1000)
                request.session().renew()
                request.session()["user"] = request.parameter("user")
                Response.of(204)
            }
            get("/fails") { request ->
                request.session()["user"] = "x"
                error("expected")
            }
        }

        fun sessions(options: SessionOptions = SessionOptions.DEFAULT, test: (MemoryReactor, () -> Browser) -> Unit) =
            MemoryReactor().use { reactor ->
                val site = Site(reactor, router).with(Sessions.inMemory(reactor, options).filter())
                test(reactor) { Browser(reactor, site) }
            }

        test("a session begins when something is put into it, and comes back with its cookie") {
            sessions { _, browser ->
                val joe = browser()
                joe.ask("/look") shouldBe "null true"
                joe.cookie shouldBe null
                joe.ask("/put/joe")
                joe.answer shouldContain Regex("\r\nSet-Cookie: session=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Lax\r\n")
                joe.answer shouldContain "\r\nCache-Control: no-store\r\n"
                joe.ask("/look") shouldBe "joe false"
                joe.answer shouldNotContain "Set-Cookie"
                val ann = browser()
                ann.ask("/put/ann")
                ann.cookie shouldNotBe joe.cookie
                joe.ask("/look") shouldBe "joe false"
            }
        }

        test("an id that we have not made is not taken, and one from before a login is worth nothing behind it") {
            sessions { _, browser ->
                val planted = "session=" + "A".repeat(43)
                val joe = browser().apply { cookie = planted }
                joe.ask("/put/joe")
                joe.cookie shouldNotBe planted
                val before = joe.cookie
                joe.ask("/login/root")
                joe.cookie shouldNotBe before
                joe.ask("/look") shouldBe "root false"
                browser().apply { cookie = before }.ask("/look") shouldBe "null true"
                for (wrong in listOf("session=", "session=../x", "session=" + "A".repeat(44), "__Host-" + joe.cookie)) {
                    browser().apply { cookie = wrong }.ask("/look") shouldBe "null true"
                }
            }
        }

        test("a session ends when it is not used, and after its lifetime, by the clock; use of it begins the idle time anew") {
            sessions { reactor, browser ->
                val joe = browser()
                joe.ask("/put/joe")
                repeat(23) {
                    reactor.runFor(Duration.ofMinutes(29))
                    joe.ask("/look") shouldBe "joe false"
                }
                val ann = browser()
                ann.ask("/put/ann")
                reactor.runFor(Duration.ofMinutes(29))
                joe.ask("/look") shouldBe "joe false"
                ann.ask("/look") shouldBe "ann false"
                reactor.runFor(Duration.ofMinutes(24)) // 12 h of the one
                joe.ask("/look") shouldBe "null true"
                ann.ask("/look") shouldBe "ann false"
                reactor.runFor(Duration.ofMinutes(30))
                ann.ask("/look") shouldBe "null true"
            }
        }

        test("a logout ends the session on both sides, and a request that was slower does not bring it back") {
            sessions { reactor, browser ->
                val joe = browser()
                joe.ask("/put/joe")
                val kept = joe.cookie
                val slow = Raws.connect(reactor, joe.site)
                slow.send(get("/slow/ghost", "Cookie: $kept\r\n"))
                reactor.flush()
                joe.ask("/logout")
                joe.answer shouldContain "\r\nSet-Cookie: session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax\r\n"
                reactor.runFor(Duration.ofSeconds(2))
                slow.got() shouldStartWith "HTTP/1.1 204 "
                browser().apply { cookie = kept }.ask("/look") shouldBe "null true"
                browser().apply { ask("/logout") }.answer shouldNotContain "Set-Cookie"
            }
        }

        test(
            "a request that renews a session does not bring back one that was ended meanwhile, nor does the second of two logins have another",
        ) {
            sessions { reactor, browser ->
                fun begin(cookie: String?) = Raws.connect(reactor, browser().site).also {
                    it.send(get("/slow-login/root", "Cookie: $cookie\r\n"))
                    reactor.flush()
                }

                val joe = browser()
                joe.ask("/put/joe")
                val slow = begin(joe.cookie)
                joe.ask("/logout")
                reactor.runFor(Duration.ofSeconds(2))
                val late = slow.got()
                late shouldStartWith "HTTP/1.1 204 "
                late shouldNotContain "Set-Cookie"

                joe.ask("/put/joe")
                val both = List(2) { begin(joe.cookie) }
                reactor.runFor(Duration.ofSeconds(2))
                both.map { "Set-Cookie" in it.got() } shouldBe listOf(true, false)
            }
        }

        test("their number has a limit: the one that was used least lately goes, and those that are over before") {
            sessions(SessionOptions.DEFAULT.withMaxSessions(2)) { reactor, browser ->
                val all = List(3) { browser() }
                all[0].ask("/put/a")
                all[1].ask("/put/b")
                all[0].ask("/look")
                all[2].ask("/put/c")
                all.map { it.ask("/look") } shouldBe listOf("a false", "null true", "c false")
                val clock = reactor.clock
                val store = MemorySessions(clock, 1000)
                repeat(100) { store.create("$it", emptyMap(), Duration.ofMinutes(1), Duration.ofHours(1)) }
                reactor.runFor(Duration.ofMinutes(2))
                store.create("new", emptyMap(), Duration.ofMinutes(1), Duration.ofHours(1))
                store.size shouldBe 1
            }
        }

        test("a handler that fails changes nothing") {
            CapturedLogs.start().use { logs ->
                sessions { _, browser ->
                    val joe = browser()
                    joe.ask("/put/joe")
                    joe.ask("/fails")
                    joe.ask("/look") shouldBe "joe false"
                }
                logs.flushLoggedErrors(IllegalStateException::class.java) shouldHaveSize 1
            }
        }

        test("over TLS the cookie is for this host and TLS alone, and one of another kind is not taken") {
            MemoryReactor().use { reactor ->
                val identity = TlsIdentity.selfSigned("localhost")
                val port = reactor.listenTls(
                    0,
                    Site(reactor, router).with(Sessions.inMemory(reactor).filter()),
                    Tls.server(identity),
                    "127.0.0.1",
                )
                fun ask(path: String, cookie: String): String {
                    val raw = Raw()
                    reactor.connectTcp(
                        "127.0.0.1",
                        port.port(),
                        Tls.client().withTrust(TlsTrust.of(identity)).wrap(
                            ClientFactory {
                                raw
                            },
                            "localhost",
                        ),
                    )
                    reactor.runFor(Duration.ofSeconds(1))
                    raw.send(get(path, "Cookie: $cookie\r\n"))
                    reactor.runFor(Duration.ofSeconds(1))
                    return raw.got()
                }
                val set = ask("/put/joe", "a=b").lines().first { it.startsWith("Set-Cookie: ") }
                set shouldContain "__Host-session="
                set shouldContain "; Secure"
                val pair = set.substringAfter(": ").substringBefore(";")
                ask("/look", pair).substringAfter("\r\n\r\n") shouldBe "joe false"
                ask("/look", pair.removePrefix("__Host-")).substringAfter("\r\n\r\n") shouldBe "null true"
            }
        }

        test("a store of the program has hashes of ids, and its failure is one of the request") {
            val kept = HashMap<String, Map<String, String>>()
            var fails = false
            val store = object : SessionStore {
                override fun load(key: String): CompletionStage<Map<String, String>?> = CompletableFuture.completedFuture(kept[key])

                override fun create(
                    key: String,
                    values: Map<String, String>,
                    idleTimeout: Duration,
                    lifetime: Duration,
                ): CompletionStage<*> {
                    if (fails) return CompletableFuture.failedFuture<Any>(IllegalStateException("no store"))
                    kept[key] = values
                    return CompletableFuture.completedFuture(Unit)
                }

                override fun save(key: String, values: Map<String, String>): CompletionStage<*> =
                    CompletableFuture.completedFuture(kept.replace(key, values))

                override fun delete(key: String): CompletionStage<*> = CompletableFuture.completedFuture(kept.remove(key))
            }
            CapturedLogs.start().use { logs ->
                MemoryReactor().use { reactor ->
                    val joe = Browser(reactor, Site(reactor, router).with(Sessions.of(store).filter()))
                    joe.ask("/put/joe")
                    kept.keys.single().length shouldBe 64
                    kept.keys.single() shouldNotContain joe.cookie!!.substringAfter("=")
                    joe.ask("/put/ann")
                    kept.values.single() shouldBe mapOf("user" to "ann")
                    fails = true
                    joe.ask("/login/root")
                    joe.answer shouldStartWith "HTTP/1.1 500 "
                    joe.answer shouldNotContain "Set-Cookie"
                }
                logs.flushLoggedErrors(IllegalStateException::class.java) shouldHaveSize 1
            }
        }
    })
