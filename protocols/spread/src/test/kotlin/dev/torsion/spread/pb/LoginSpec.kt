// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.cred.AllowAnonymousAccess
import dev.torsion.cred.Anonymous
import dev.torsion.cred.AvatarId
import dev.torsion.cred.CredentialsChecker
import dev.torsion.cred.CredentialsCheckers
import dev.torsion.cred.InMemoryChecker
import dev.torsion.cred.Login
import dev.torsion.cred.LoginDenied
import dev.torsion.cred.PasswordCheckable
import dev.torsion.cred.Portal
import dev.torsion.cred.Realm
import dev.torsion.cred.UnauthorizedLogin
import dev.torsion.cred.UnhandledCredentials
import dev.torsion.cred.UsernamePassword
import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.jelly.Tuple
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlin.time.Duration.Companion.seconds

/** Users: who is let in, what they have, and when they are logged out. */
class LoginSpec :
    FunSpec({
        test("a user logs in by password and acts through the avatar; a guest without one") {
            loginScene(InMemoryChecker().addUser("joe", "secret"), AllowAnonymousAccess()) { realm ->
                val joe = client.loginDeferred(UsernamePassword("joe", "secret"), "mind").await()
                joe.callRemote("echo", "hi").await() shouldBe Tuple.of("joe", "hi")
                client.login(Anonymous).await(this).callRemote("echo", "hi").await() shouldBe Tuple.of("(anonymous)", "hi")
                realm.minds shouldContainExactly listOf("mind", null)
                shouldThrow<RemoteError> { joe.callRemote("remoteOnly").await() }.remoteType shouldBe "twisted.spread.flavors.NoSuchMethod"
            }
        }

        test("a wrong password and an unknown name are the same failure, typed as here") {
            loginScene(InMemoryChecker().addUser("joe", "secret")) {
                val wrong = shouldThrow<UnauthorizedLogin> { client.loginDeferred(UsernamePassword("joe", "wrong")).await() }
                val unknown = shouldThrow<UnauthorizedLogin> { client.loginDeferred(UsernamePassword("jim", "secret")).await() }
                wrong.message shouldBe unknown.message
                wrong.cause.shouldBeInstanceOf<RemoteError>().remoteType shouldBe "twisted.cred.error.UnauthorizedLogin"
                shouldThrow<UnhandledCredentials> { client.loginDeferred(Anonymous).await() }
                broker.localObjectCount shouldBe 0
            }
        }

        test("a user is logged out once: when the avatar is given back, or when the connection ends") {
            loginScene(InMemoryChecker().addUser("joe", "secret").addUser("jim", "x")) { realm ->
                val joe = client.loginDeferred(UsernamePassword("joe", "secret")).await()
                client.loginDeferred(UsernamePassword("jim", "x")).await()
                joe.close()
                while (realm.out.isEmpty()) delay(1)
                realm.out shouldContainExactly listOf("joe")
                client.close()
                while (realm.out.size < 2) delay(1)
                delay(1.seconds)
                realm.out shouldContainExactly listOf("joe", "jim")
            }
        }

        test("a login that is still going on when the connection ends gives its avatar back") {
            val checking = ArrayList<Deferred<AvatarId>>()
            val checker = CredentialsCheckers.of(PasswordCheckable::class.java) { Deferred<AvatarId>().also(checking::add) }
            loginScene(checker) { realm ->
                client.loginDeferred(UsernamePassword("joe", "secret")).addErrback { client.root() }
                while (checking.isEmpty()) delay(1)
                client.close()
                while (!client.isDisconnected) delay(1)
                realm.out.isEmpty() shouldBe true
                checking.single().callback(AvatarId.of("joe"))
                realm.out shouldContainExactly listOf("joe")
            }
        }

        test("a login whose future is cancelled on the way is given back") {
            loginScene(InMemoryChecker().addUser("joe", "secret")) { realm ->
                val future = client.login(UsernamePassword("joe", "secret"))
                while (realm.minds.isEmpty()) delay(1)
                future.cancel(true)
                while (realm.out.isEmpty()) delay(1)
                realm.out shouldContainExactly listOf("joe")
            }
        }

        test("a coroutine logs in, and a login whose coroutine is cancelled on the way is given back") {
            loginScene(InMemoryChecker().addUser("joe", "secret")) { realm ->
                client.awaitLogin(UsernamePassword("joe", "secret"), "mind").callRemote("echo", "hi").await() shouldBe Tuple.of("joe", "hi")
                realm.minds shouldContainExactly listOf("mind")
            }
            val checking = ArrayList<Deferred<AvatarId>>()
            loginScene(CredentialsCheckers.of(PasswordCheckable::class.java) { Deferred<AvatarId>().also(checking::add) }) { realm ->
                val waiting = scope.launch { client.awaitLogin(UsernamePassword("joe", "secret")) }
                while (checking.isEmpty()) delay(1)
                waiting.cancel()
                delay(1)
                checking.single().callback(AvatarId.of("joe"))
                while (realm.out.isEmpty()) delay(1)
                realm.out shouldContainExactly listOf("joe")
            }
        }

        test("a challenge is answered once, and is another each time") {
            loginScene(InMemoryChecker().addUser("joe", "secret")) {
                val (challenge, challenger) = root.callRemote("login", "joe").await() as Tuple
                (challenge as Bytes).size shouldBe 16
                ((root.callRemote("login", "joe").await() as Tuple)[0] == challenge) shouldBe false
                val response = dev.torsion.cred.Md5ChallengeResponse.respond("secret".toByteArray(), challenge.toByteArray())
                shouldThrow<UnauthorizedLogin> { (challenger as RemoteReference).callRemote("respond", Bytes.EMPTY, null).await() }
                shouldThrow<UnauthorizedLogin> { (challenger as RemoteReference).callRemote("respond", Bytes.of(response), null).await() }
            }
        }

        test("a realm that denies says so, and an avatar that cannot be sent is logged out") {
            val denying = Realm { _, _, _ -> throw LoginDenied("full") }
            scene(PBServerFactory(Portal(denying, AllowAnonymousAccess()))) {
                shouldThrow<LoginDenied> { client.loginDeferred(Anonymous).await() }.message shouldBe "full"
            }
            var out = 0
            val full = Realm { _, _, _ -> succeed(Login(Avatar::class.java, User("joe")) { out++ }) }
            scene(PBServerFactory(Portal(full, AllowAnonymousAccess()), PBOptions(maxReferences = 1))) {
                client.loginDeferred(Anonymous).await()
                shouldThrow<RemoteError> { client.loginDeferred(Anonymous).await() }
                out shouldBe 1
            }
            out shouldBe 2
        }

        test("an avatar that is Referenceable is sent as that, and two logins of one avatar end apart") {
            class Both :
                Avatar,
                Referenceable {
                @Remote
                fun remoteOnly() = "remote"
            }
            val both = Both()
            var out = 0
            val realm = Realm { _, _, _ -> succeed(Login(Avatar::class.java, both) { out++ }) }
            scene(PBServerFactory(Portal(realm, AllowAnonymousAccess()))) {
                val one = client.loginDeferred(Anonymous).await()
                val two = client.loginDeferred(Anonymous).await()
                one.callRemote("remoteOnly").await() shouldBe "remote"
                one.close()
                delay(1.seconds)
                out shouldBe 0
                two.close()
                delay(1.seconds)
                out shouldBe 2
            }
        }
    })

private class RealmOfUsers : Realm {
    val minds = ArrayList<Any?>()
    val out = ArrayList<String>()

    override fun requestAvatar(id: AvatarId, mind: Any?, types: List<Class<*>>): Deferred<Login<*>> {
        minds.add(mind)
        return succeed(Login(Avatar::class.java, User("$id")) { out.add("$id") })
    }
}

private fun loginScene(vararg checkers: CredentialsChecker, block: suspend Scene.(RealmOfUsers) -> Unit) {
    val realm = RealmOfUsers()
    scene(PBServerFactory(Portal(realm, *checkers))) { block(realm) }
}
