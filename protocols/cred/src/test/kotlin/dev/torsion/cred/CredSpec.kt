// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.await
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.testkit.runReactorTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.nio.file.Files
import java.nio.file.attribute.FileTime
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/** Portals, checkers and credentials. */
class CredSpec :
    FunSpec({
        test("a portal asks the checker who it is and the realm for the avatar") {
            val asked = ArrayList<Any?>()
            val realm = Realm { id, mind, types ->
                asked.addAll(listOf(id, mind, types))
                succeed(Login(User::class.java, User(id.name())))
            }
            val portal = Portal(realm, InMemoryChecker().addUser("joe", "secret"))
            val login = outcome(portal.login<User>(UsernamePassword("joe", "secret"), "mind")).get()
            login.avatar.name shouldBe "joe"
            asked shouldContainExactly listOf(AvatarId.of("joe"), "mind", listOf(User::class.java))
            portal.credentialTypes() shouldBe setOf(PasswordCheckable::class.java)
        }

        test("a wrong password and an unknown name are told apart by nothing") {
            val portal = portal(InMemoryChecker().addUser("joe", "secret"))
            val wrong = failure(portal.login<User>(UsernamePassword("joe", "wrong")))
            val unknown = failure(portal.login<User>(UsernamePassword("jim", "secret")))
            wrong.shouldBeInstanceOf<UnauthorizedLogin>().message shouldBe unknown.shouldBeInstanceOf<UnauthorizedLogin>().message
        }

        test("an unknown name is checked as well, so that the time tells nothing") {
            val checks = AtomicInteger()
            val credentials =
                object : PasswordCheckable {
                    override fun username() = "nobody"

                    override fun checkPassword(password: ByteArray): Boolean {
                        checks.incrementAndGet()
                        return true
                    }
                }
            failure(InMemoryChecker().requestAvatarId(credentials)).shouldBeInstanceOf<UnauthorizedLogin>()
            checks.get() shouldBe 1
        }

        test("guests are let in by a checker for them, and credentials that nobody checks are not") {
            val portal = portal(AllowAnonymousAccess())
            outcome(portal.login<User>(Anonymous)).get().avatar.name shouldBe "(anonymous)"
            failure(portal.login<User>(UsernamePassword("joe", "x"))).shouldBeInstanceOf<UnhandledCredentials>()
            AvatarId.ANONYMOUS.isAnonymous shouldBe true
            shouldThrow<IllegalStateException> { AvatarId.ANONYMOUS.name() }
        }

        test("a checker is any function, which may fail or take its time") {
            val waiting = Deferred<AvatarId>()
            val checker =
                CredentialsCheckers.of(UsernamePassword::class.java) { if (it.username() == "slow") waiting else fail(LoginDenied("full")) }
            val portal = portal(checker)
            failure(portal.login<User>(UsernamePassword("joe", "x"))).shouldBeInstanceOf<LoginDenied>().message shouldBe "full"
            var got: Outcome<Login<User>>? = null
            portal.login<User>(UsernamePassword("slow", "x")).addBoth { got = it }
            got.shouldBeNull()
            waiting.callback(AvatarId.of("slow"))
            got!!.get().avatar.name shouldBe "slow"
        }

        test("a function of futures comes back on the loop, with the exception as it was") {
            runReactorTest {
                val answer = CompletableFuture<AvatarId>()
                val portal = portal(CredentialsCheckers.ofStage(UsernamePassword::class.java, this) { answer.thenApply { id -> id } })
                val login = portal.login<User>(UsernamePassword("joe", "x"))
                answer.completeExceptionally(IOException("the directory is down"))
                shouldThrow<IOException> { login.await() }.message shouldBe "the directory is down"
            }
        }

        test("logging out happens once, however many do it") {
            val count = AtomicInteger()
            val login = Login(User::class.java, User("joe")) { count.incrementAndGet() }
            login.isLoggedOut shouldBe false
            val start = CountDownLatch(1)
            val threads =
                List(8) {
                    Thread {
                        start.await()
                        login.logout()
                    }.apply { start() }
                }
            start.countDown()
            threads.forEach { it.join(TimeUnit.SECONDS.toMillis(10)) }
            login.close()
            count.get() shouldBe 1
            login.isLoggedOut shouldBe true
        }

        test("a realm that gives another type than was asked for is a mistake, and its login is ended") {
            var out = 0
            val portal = Portal({ _, _, _ -> succeed(Login(String::class.java, "no user") { out++ }) }, AllowAnonymousAccess())
            failure(portal.login<User>(Anonymous)).shouldBeInstanceOf<IllegalStateException>().message!! shouldContain "java.lang.String"
            out shouldBe 1
        }

        test("cancelling a login cancels the step that it waits on") {
            val checking = Deferred<AvatarId>()
            var got: Outcome<Login<User>>? = null
            val login = portal(CredentialsCheckers.of(UsernamePassword::class.java) { checking }).login<User>(UsernamePassword("joe", "x"))
            login.addBoth { got = it }
            login.cancel()
            checking.called shouldBe true
            got.shouldBeInstanceOf<Failure>().value.shouldBeInstanceOf<DeferredCancelledException>()
        }

        test("a login that comes from a realm after it was cancelled is logged out") {
            var out = 0
            val coming = Deferred<Login<User>>()
            val login = Portal({ _, _, _ -> coming }, AllowAnonymousAccess()).login<User>(Anonymous)
            login.addBoth { null }
            login.cancel()
            coming.callback(Login(User::class.java, User("joe")) { out++ })
            out shouldBe 1
        }

        test("a login of a future that nobody waits for any more is logged out when it comes") {
            var out = 0
            val coming = CompletableFuture<Login<User>>()
            val portal = Portal(Realms.ofStage(Runnable::run) { _, _, _ -> coming }, AllowAnonymousAccess())
            val login = portal.login<User>(Anonymous)
            login.addBoth { null }
            login.cancel()
            coming.complete(Login(User::class.java, User("joe")) { out++ })
            out shouldBe 1
        }

        test("a login of a future that comes when the reactor has stopped is logged out") {
            var out = 0
            val coming = CompletableFuture<Login<User>>()
            val portal =
                Portal(Realms.ofStage({ throw ReactorNotRunningException() }) { _, _, _ -> coming }, AllowAnonymousAccess())
            portal.login<User>(Anonymous).addBoth { null }
            coming.complete(Login(User::class.java, User("joe")) { out++ })
            out shouldBe 1
        }

        test("a hash that is none, or none of such a password, takes as much work as another: the time tells of no user") {
            val thorough = PasswordHash(memoryKiB = 16_384, iterations = 2)
            val nobody = thorough.hash("nobody")
            val bcrypt = "\$2a\$05\$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
            val time = java.lang.management.ManagementFactory.getThreadMXBean()

            fun work(password: String, kept: String?): Long {
                val before = time.currentThreadCpuTime
                thorough.verifyOr(nobody, password.toByteArray(), kept) shouldBe false
                return time.currentThreadCpuTime - before
            }
            repeat(3) { work("x", null) }
            val least = work("x", null) / 10
            for (kept in listOf("", "plain", "\$argon2id\$", bcrypt.replace("05", "99"), bcrypt.replace("05", "31"))) {
                work("x", kept) shouldBeGreaterThan least
            }
            work("x".repeat(73), bcrypt) shouldBeGreaterThan least
            thorough.verifyOr(nobody, "nobody".toByteArray(), "plain") shouldBe false
            thorough.verifyOr(nobody, "U*U".toByteArray(), bcrypt) shouldBe true
        }

        test("answers to challenges: Perspective Broker's, and CRAM-MD5 by the example of RFC 2195") {
            val challenge = "73a5c4c53675181b2d7177203f48b094".hexToByteArray()
            val response = Md5ChallengeResponse.respond("secret".toByteArray(), challenge)
            response.toHexString() shouldBe "fef6a8d6530892347f2b4a1a6558ec29"
            Md5ChallengeResponse("joe", challenge, response).checkPassword("secret".toByteArray()) shouldBe true
            Md5ChallengeResponse("joe", challenge, response).checkPassword("Secret".toByteArray()) shouldBe false
            Md5ChallengeResponse("joe", challenge, response)
                .checkMd5Password(java.security.MessageDigest.getInstance("MD5").digest("secret".toByteArray())) shouldBe true
            val asked = "<1896.697170952@postoffice.reston.mci.net>".toByteArray()
            val answer = "b913a602c7eda7a495b4e6e7334d3890".toByteArray()
            CramMd5Credentials("tim", asked, answer).checkPassword("tanstaaftanstaaf".toByteArray()) shouldBe true
            CramMd5Credentials("tim", asked, answer).checkPassword("".toByteArray()) shouldBe false
        }

        test("no credentials show their secret") {
            UsernamePassword("joe", "secret").toString() shouldNotContain "secret"
            UsernamePassword("joe", "secret").toString() shouldContain "joe"
            val hashed = UsernameHashedPassword("joe", "secret".toByteArray())
            hashed.toString() shouldNotContain "secret"
            hashed.checkPassword("secret".toByteArray()) shouldBe true
            hashed.checkPassword("Secret".toByteArray()) shouldBe false
        }

        test("a password is hashed with its own salt, and verified by every hash of its kinds") {
            val quick = PasswordHash(memoryKiB = 64, iterations = 1)
            val kept = quick.hash("secret")
            kept shouldContain "\$argon2id\$v=19\$m=64,t=1,p=1\$"
            (quick.hash("secret") == kept) shouldBe false
            PasswordHash.DEFAULT.verify("secret", kept) shouldBe true
            PasswordHash.DEFAULT.verify("Secret", kept) shouldBe false
            // Made by others: the test vectors of Argon2's authors, and of OpenBSD's bcrypt.
            val argon2 = "\$argon2id\$v=19\$m=65536,t=2,p=1\$c29tZXNhbHQ\$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
            quick.verify("password", argon2) shouldBe true
            quick.verify("U*U", "\$2a\$05\$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW") shouldBe true
            quick.verify("U*V", "\$2a\$05\$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW") shouldBe false
        }

        test("what is no hash, or asks for absurd work, verifies nothing") {
            val quick = PasswordHash(memoryKiB = 64, iterations = 1)
            val kept = quick.hash("secret")
            for (bad in listOf(
                "", "secret", "\$argon2id\$", kept.replace("m=64", "m=99999999"), kept.replace("t=1", "t=0"),
                kept.replace("t=1", "t=999999"), kept.replace("p=1", "p=99"), kept.substringBeforeLast('$'),
                kept.substringBeforeLast('$') + "\$AAAA", kept.replace("argon2id", "argon2i"),
                "\$2a\$99\$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            )) {
                quick.verify("secret", bad) shouldBe false
            }
        }

        test("hashes are verified on the pool of threads, and as much for a name that is not there") {
            runReactorTest {
                val quick = PasswordHash(memoryKiB = 64, iterations = 1)
                val kept = mapOf("joe" to quick.hash("secret"))
                val portal = portal(HashedPasswordChecker(this, { kept[it] }, quick))
                portal.login<User>(UsernamePassword("joe", "secret")).await().avatar.name shouldBe "joe"
                shouldThrow<UnauthorizedLogin> { portal.login<User>(UsernamePassword("joe", "x")).await() }
                shouldThrow<UnauthorizedLogin> { portal.login<User>(UsernamePassword("jim", "nobody")).await() }
            }
        }

        test("a file of users that changes twice in one moment, with the same size, is read again") {
            val file = Files.createTempFile("users", ".txt")
            try {
                val moment = FileTime.from(java.time.Instant.now())
                Files.writeString(file, "joe:secret\n")
                Files.setLastModifiedTime(file, moment)
                runReactorTest {
                    val portal = portal(FilePasswordChecker(this, file))
                    portal.login<User>(UsernamePassword("joe", "secret")).await().avatar.name shouldBe "joe"
                    Files.writeString(file, "joe:better\n")
                    Files.setLastModifiedTime(file, moment)
                    portal.login<User>(UsernamePassword("joe", "better")).await().avatar.name shouldBe "joe"
                    shouldThrow<UnauthorizedLogin> { portal.login<User>(UsernamePassword("joe", "secret")).await() }
                    Files.delete(file)
                    shouldThrow<java.io.IOException> { portal.login<User>(UsernamePassword("joe", "better")).await() }
                    Files.writeString(file, "")
                }
            } finally {
                Files.delete(file)
            }
        }

        test("a file of users is read again when it has changed") {
            val file = Files.createTempFile("users", ".txt")
            try {
                Files.writeString(file, "# users\n\njoe:sec:ret\n")
                runReactorTest {
                    val portal = portal(FilePasswordChecker(this, file))
                    portal.login<User>(UsernamePassword("joe", "sec:ret")).await().avatar.name shouldBe "joe"
                    shouldThrow<UnauthorizedLogin> { portal.login<User>(UsernamePassword("jim", "nobody")).await() }
                    shouldThrow<UnauthorizedLogin> { portal.login<User>(UsernamePassword("# users", "")).await() }
                    Files.writeString(file, "jim:other\n")
                    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000))
                    portal.login<User>(UsernamePassword("jim", "other")).await().avatar.name shouldBe "jim"
                    shouldThrow<UnauthorizedLogin> { portal.login<User>(UsernamePassword("joe", "sec:ret")).await() }
                    val quick = PasswordHash(memoryKiB = 64, iterations = 1)
                    Files.writeString(file, "joe:${quick.hash("secret")}\n")
                    val hashed = portal(FilePasswordChecker(this, file, quick))
                    hashed.login<User>(UsernamePassword("joe", "secret")).await().avatar.name shouldBe "joe"
                    shouldThrow<UnauthorizedLogin> { hashed.login<User>(UsernamePassword("joe", "x")).await() }
                }
            } finally {
                Files.delete(file)
            }
        }
    })

private class User(val name: String)

private fun portal(checker: CredentialsChecker) =
    Portal({ id, _, _ -> succeed(Login(User::class.java, User(if (id.isAnonymous) "$id" else id.name()))) }, checker)

private fun <T> outcome(deferred: Deferred<T>): Outcome<T> {
    var outcome: Outcome<T>? = null
    deferred.addBoth { outcome = it }
    return outcome!!
}

private fun failure(deferred: Deferred<*>): Throwable = (outcome(deferred) as Failure).value
