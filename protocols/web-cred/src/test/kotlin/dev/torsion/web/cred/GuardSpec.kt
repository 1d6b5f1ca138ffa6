// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.cred

import dev.torsion.cred.AllowAnonymousAccess
import dev.torsion.cred.AvatarId
import dev.torsion.cred.CredentialsChecker
import dev.torsion.cred.CredentialsCheckers
import dev.torsion.cred.InMemoryChecker
import dev.torsion.cred.Login
import dev.torsion.cred.Portal
import dev.torsion.cred.Realm
import dev.torsion.cred.UnauthorizedLogin
import dev.torsion.cred.UsernamePassword
import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.net.ClientFactory
import dev.torsion.net.Protocol
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.MemoryReactor
import dev.torsion.web.AccessLog
import dev.torsion.web.HttpServerOptions
import dev.torsion.web.Request
import dev.torsion.web.Response
import dev.torsion.web.Site
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.awaitCancellation
import java.io.ByteArrayOutputStream
import java.time.Duration
import java.util.Base64

/** The users whom a guard lets in, and its answers to others. */
class GuardSpec :
    FunSpec({
        class User(val name: String)

        class Client : Protocol() {
            private val bytes = ByteArrayOutputStream()

            override fun dataReceived(data: ByteArray) = bytes.write(data)

            fun got() = bytes.toString(Charsets.ISO_8859_1).also { bytes.reset() }.replace(Regex("Date: .*\r\n"), "")
        }

        val events = ArrayList<String>()
        val realm = Realm { id, _, _ ->
            events.add("in $id")
            succeed(Login(User::class.java, User("$id")) { events.add("out $id") })
        }
        val users = InMemoryChecker().addUser("joe", "secret").addUser("j\u00fcrgen", "pass:w\u00f6rd")

        class Scene(
            vararg checkers: CredentialsChecker,
            handlerOf: (Guard<User>) -> suspend (Request) -> Response = { guard -> { Response.text("hello ${guard.avatar(it).name}") } },
            schemes: (MemoryReactor) -> List<AuthScheme>,
        ) {
            val reactor = MemoryReactor()
            private val guard = Guard<User>(Portal(realm, *checkers), *schemes(reactor).toTypedArray())
            val lines = ArrayList<String>()
            private val options = HttpServerOptions.DEFAULT.withListener(AccessLog.combined(lines::add))
            private val port = reactor.listenTcp(0, Site(reactor, options, handlerOf(guard)).with(guard.filter()), "127.0.0.1")

            fun connect(): Client = Client().also { client ->
                reactor.connectTcp("127.0.0.1", port.port(), ClientFactory { client })
                reactor.flush()
            }

            fun ask(fields: String = "", target: String = "/", on: Client = connect()): String {
                on.transport.write("GET $target HTTP/1.1\r\nHost: a\r\n$fields\r\n".toByteArray(Charsets.ISO_8859_1))
                reactor.flush()
                return on.got()
            }
        }

        fun scene(scene: Scene, test: Scene.() -> Unit) = scene.reactor.use { scene.test() }

        fun basic(pair: String, scheme: String = "Basic") =
            "Authorization: $scheme ${Base64.getEncoder().encodeToString(pair.toByteArray())}\r\n"

        beforeTest { events.clear() }

        test("basic: the right password lets in, for one request") {
            scene(Scene(users) { listOf(BasicScheme("the \"orders\"")) }) {
                ask(basic("joe:secret")) shouldContain "\r\n\r\nhello joe"
                events shouldBe listOf("in joe", "out joe")
                ask(basic("j\u00fcrgen:pass:w\u00f6rd")) shouldStartWith "HTTP/1.1 200 "
                ask(basic("joe:secret", "bASIC")) shouldStartWith "HTTP/1.1 200 "
                val asked = ask()
                asked shouldStartWith "HTTP/1.1 401 Unauthorized\r\n"
                asked shouldContain "\r\nWWW-Authenticate: Basic realm=\"the \\\"orders\\\"\", charset=\"UTF-8\"\r\n"
            }
        }

        test("whoever is not let in is told nothing but that: an unknown name, a wrong password, and bytes that are none") {
            CapturedLogs.start().use { logs ->
                scene(Scene(users) { listOf(BasicScheme("a")) }) {
                    val asked = ask()
                    for (wrong in listOf(
                        basic("joe:wrong"), basic("nobody:secret"), basic("joe"), basic(""), basic("joe:secret").replace("Basic", "Bearer"),
                        basic("joe:secret") + basic("joe:secret"), "Authorization: Basic ***\r\n", "Authorization: Basic\r\n",
                        "Authorization: \r\n",
                        "Authorization: Digest username=\"joe\"\r\n", "Authorization: Basic ${"A".repeat(4000)}\r\n",
                    )) {
                        withClue(wrong) { ask(wrong) shouldBe asked }
                    }
                }
                events shouldBe emptyList()
                logs.unexpectedErrors() shouldHaveSize 0
            }
        }

        test("guests are let in where the portal takes them; wrong credentials make nobody a guest") {
            scene(Scene(users, AllowAnonymousAccess()) { listOf(BasicScheme("a")) }) {
                ask() shouldContain "\r\n\r\nhello (anonymous)"
                ask(basic("joe:wrong")) shouldStartWith "HTTP/1.1 401 "
            }
        }

        test("the access log has the name of the one who was let in, and no other") {
            val scene =
                Scene(users, AllowAnonymousAccess(), handlerOf = { { Response.text("user ${it.user}") } }) { listOf(BasicScheme("a")) }
            scene(scene) {
                ask(basic("joe:secret")) shouldContain "user joe"
                ask(basic("j\u00fcrgen:pass:w\u00f6rd")) shouldStartWith "HTTP/1.1 200 "
                ask() shouldContain "user null"
                ask(basic("joe:wrong")) shouldStartWith "HTTP/1.1 401 "
                lines.map { it.substringBefore(" [") } shouldBe
                    listOf("127.0.0.1 - joe", "127.0.0.1 - j\\xc3\\xbcrgen", "127.0.0.1 - -", "127.0.0.1 - -")
            }
        }

        test("a failure of the checker is one of the server") {
            val broken = CredentialsCheckers.of(UsernamePassword::class.java) { fail(IllegalStateException("no database")) }
            CapturedLogs.start().use { logs ->
                scene(Scene(broken) { listOf(BasicScheme("a")) }) {
                    val answer = ask(basic("joe:secret"))
                    answer shouldStartWith "HTTP/1.1 500 "
                    answer shouldNotContain "database"
                }
                logs.flushLoggedErrors(IllegalStateException::class.java) shouldHaveSize 1
            }
        }

        test("a login ends with its request, whenever that is: the client goes while the checker waits, or the handler") {
            val waiting = Deferred<AvatarId>()
            val slow = CredentialsCheckers.of(UsernamePassword::class.java) { waiting }
            scene(Scene(slow) { listOf(BasicScheme("a")) }) {
                val client = connect()
                ask(basic("joe:secret"), on = client) shouldBe ""
                client.transport.abortConnection()
                reactor.flush()
                waiting.called shouldBe true // cancelled
                events shouldBe emptyList()
            }
            scene(Scene(users, handlerOf = { { awaitCancellation() } }) { listOf(BasicScheme("a")) }) {
                val client = connect()
                ask(basic("joe:secret"), on = client) shouldBe ""
                events shouldBe listOf("in joe")
                client.transport.abortConnection()
                reactor.flush()
                events shouldBe listOf("in joe", "out joe")
            }
        }

        // Digest.

        fun questions(answer: String) = answer.lines().filter { it.startsWith("WWW-Authenticate: ") }
            .map { line -> AuthParameters.of(line.substringAfter("Digest "))!! }

        fun digest(
            question: Map<String, String>,
            user: String = "joe",
            password: String = "secret",
            target: String = "/",
            count: String = "00000001",
            change: (String) -> String = { it },
        ): String {
            val algorithm = DigestAlgorithm.entries.first { it.text == question["algorithm"] }
            val secret = DigestCredentials.hashOf(algorithm.text, user, question["realm"]!!, password.toByteArray())
            val what = algorithm.hash("GET:$target".toByteArray())
            val response = algorithm.hash("$secret:${question["nonce"]}:$count:c:auth:$what".toByteArray())
            val name = String(user.toByteArray(), Charsets.ISO_8859_1)
            val fields = "username=\"$name\", realm=\"${question["realm"]}\", nonce=\"${question["nonce"]}\", " +
                "uri=\"$target\", algorithm=${algorithm.text}, response=\"$response\", qop=auth, nc=$count, cnonce=\"c\""
            return "Authorization: Digest ${change(fields)}\r\n"
        }

        test("digest: a right answer to our question lets in, by either hash, and by a hash of the password that the checker keeps") {
            val kept = DigestCredentials.hashOf("SHA-256", "ann", "a", "other".toByteArray())
            val hashes = CredentialsCheckers.of(DigestCredentials::class.java) {
                if (it.username() == "ann" && it.checkHash(kept)) succeed(AvatarId.of("ann")) else fail(UnauthorizedLogin())
            }
            scene(Scene(users) { listOf(DigestScheme(it, "a").withMd5()) }) {
                val asked = questions(ask())
                asked.map { it["algorithm"] } shouldBe listOf("SHA-256", "MD5")
                for (question in asked) {
                    ask(digest(questions(ask())[asked.indexOf(question)])) shouldContain "\r\n\r\nhello joe"
                }
                ask(digest(questions(ask())[0], "j\u00fcrgen", "pass:w\u00f6rd")) shouldStartWith "HTTP/1.1 200 "
                ask(digest(questions(ask())[0], target = "/a?b=c"), "/a?b=c") shouldStartWith "HTTP/1.1 200 "
                val coded = digest(questions(ask())[0], "j\u00fcrgen", "pass:w\u00f6rd") {
                    it.replace(Regex("username=\"[^\"]*\""), "username*=UTF-8''j%C3%BCrgen")
                }
                ask(coded) shouldStartWith "HTTP/1.1 200 "
            }
            scene(Scene(hashes) { listOf(DigestScheme(it, "a")) }) {
                ask(digest(questions(ask()).single(), "ann", "other")) shouldContain "\r\n\r\nhello ann"
                ask(digest(questions(ask()).single(), "ann", "wrong")) shouldStartWith "HTTP/1.1 401 "
            }
        }

        test("the example of RFC 7616") {
            val credentials = DigestCredentials(
                "Mufasa",
                "http-auth@example.org",
                DigestAlgorithm.SHA_256,
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth:" +
                    DigestAlgorithm.SHA_256.hash("GET:/dir/index.html".toByteArray()),
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            )
            credentials.checkPassword("Circle of Life".toByteArray()) shouldBe true
            credentials.checkPassword("Circle of life".toByteArray()) shouldBe false
        }

        test("what is wrong in any part lets nobody in, and is not told") {
            scene(Scene(users) { listOf(DigestScheme(it, "a")) }) {
                fun bare(answer: String) = answer.replace(Regex("nonce=\"[^\"]*\""), "nonce")
                val asked = bare(ask())
                val changes = listOf<(String) -> String>(
                    { it.replace("response=\"", "response=\"0") },
                    { it.replace("qop=auth", "qop=auth-int") },
                    { it.replace("qop=auth, ", "") },
                    { it.replace("realm=\"a\"", "realm=\"b\"") },
                    { it.replace("uri=\"/\"", "uri=\"/b\"") },
                    { it.replace("nc=00000001", "nc=1") },
                    { it.replace("nc=00000001", "nc=00000002") },
                    { it.replace("cnonce=\"c\"", "cnonce=\"d\"") },
                    { it.replace("SHA-256", "MD5") },
                    { it.replace("SHA-256", "SHA-256-sess") },
                    { "$it, nc=00000001" },
                    { "$it, userhash=true" },
                    { "$it, username*=UTF-8''joe" },
                    { it.replace("username=\"joe\"", "username*=latin1''joe") },
                    { it.replace("username=\"joe\"", "username*=UTF-8''%zz") },
                    { "" },
                    { "," },
                    { it.replace("nonce=\"", "nonce=\"A") },
                    { it.replace(Regex(" nonce=\"[^\"]*\","), " nonce=\"${"A".repeat(48)}\",") },
                    { it.dropLast(1) },
                )
                for (change in changes) {
                    val wrong = digest(questions(ask()).single(), change = change)
                    withClue(wrong) { bare(ask(wrong)) shouldBe asked }
                }
                bare(ask(digest(questions(ask()).single(), password = "wrong"))) shouldBe asked
                bare(ask(digest(questions(ask()).single(), user = "nobody"))) shouldBe asked
            }
            events shouldBe emptyList()
        }

        test("a count is taken once, in any order of the last ones; a number that is old is stale, and one that we have not made is not") {
            scene(Scene(users) { listOf(DigestScheme(it, "a")) }) {
                val question = questions(ask()).single()
                val client = connect()
                for (count in listOf("00000001", "00000003", "00000002", "00000005")) {
                    ask(digest(question, count = count), on = client) shouldStartWith "HTTP/1.1 200 "
                    val again = ask(digest(question, count = count))
                    again shouldStartWith "HTTP/1.1 401 "
                    again shouldContain ", stale=true"
                }
                ask(digest(question, count = "00000000")) shouldStartWith "HTTP/1.1 401 "
                ask(digest(question, count = "ffffffff")) shouldStartWith "HTTP/1.1 200 "
                ask(digest(question, count = "00000006")) shouldStartWith "HTTP/1.1 401 "
                val old = questions(ask()).single()
                reactor.runFor(Duration.ofMinutes(5))
                ask(digest(old)) shouldContain ", stale=true"
                ask(digest(questions(ask()).single())) shouldStartWith "HTTP/1.1 200 "
            }
            var foreign: Map<String, String> = emptyMap()
            scene(Scene(users) { listOf(DigestScheme(it, "a")) }) { foreign = questions(ask()).single() }
            scene(Scene(users) { listOf(DigestScheme(it, "a")) }) {
                val answer = ask(digest(foreign))
                answer shouldStartWith "HTTP/1.1 401 "
                answer shouldNotContain "stale"
            }
        }

        test("nobody makes a count good again by filling the memory") {
            MemoryReactor().use { reactor ->
                val nonces = Nonces(reactor, most = 3)
                val first = nonces.make()
                nonces.use(first, 1) shouldBe Nonces.Verdict.GOOD
                val unused = nonces.make()
                repeat(3) {
                    reactor.runFor(Duration.ofSeconds(1))
                    nonces.use(nonces.make(), 1) shouldBe Nonces.Verdict.GOOD
                }
                nonces.use(first, 1) shouldBe Nonces.Verdict.STALE
                nonces.use(first, 2) shouldBe Nonces.Verdict.STALE
                nonces.use(unused, 1) shouldBe Nonces.Verdict.STALE // as old as the one that is forgotten
                nonces.use(nonces.make(), 1) shouldBe Nonces.Verdict.GOOD
            }
        }

        test("parameters") {
            AuthParameters.of("a=b, C = \"d\\\"e, f\" ,g*=h") shouldBe mapOf("a" to "b", "c" to "d\"e, f", "g*" to "h")
            for (wrong in listOf("", "a", "a=", "=b", "a=b,", "a=b c=d", "a=\"b", "a=\"b\\", "a=b, A=c", "a=\"b\"c", ",", "a:b")) {
                withClue(wrong) { AuthParameters.of(wrong) shouldBe null }
            }
            AuthParameters.of("a=\"${"\\b".repeat(100_000)}\"")!!["a"]!!.length shouldBe 100_000
        }

        test("a guard without a scheme, and a realm that breaks out of its quotes, are refused") {
            shouldThrow<IllegalArgumentException> { Guard<User>(Portal(realm, users)) }
            shouldThrow<IllegalArgumentException> { BasicScheme("a\r\nb") }
            MemoryReactor().use { shouldThrow<IllegalArgumentException> { DigestScheme(it, "\u00e4") } }
        }
    })
