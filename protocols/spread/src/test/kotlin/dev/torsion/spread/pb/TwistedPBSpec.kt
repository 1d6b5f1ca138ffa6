// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.cred.AllowAnonymousAccess
import dev.torsion.cred.Anonymous
import dev.torsion.cred.InMemoryChecker
import dev.torsion.cred.Login
import dev.torsion.cred.Portal
import dev.torsion.cred.UnauthorizedLogin
import dev.torsion.cred.UsernamePassword
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.jelly.FrozenSet
import dev.torsion.spread.jelly.InsecureJellyException
import dev.torsion.spread.jelly.Tuple
import dev.torsion.spread.jelly.TypeRegistry
import dev.torsion.testsupport.RealTwisted
import dev.torsion.testsupport.withRealReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.math.BigDecimal
import java.math.BigInteger
import java.time.Duration
import java.time.LocalDate
import java.time.LocalDateTime
import java.time.LocalTime
import java.util.function.Function
import java.util.function.Supplier

/**
 * Real Twisted on the other side: as the server, and as the client. The programs are src/test/python/twisted_pb_server.py and
 * src/test/python/twisted_pb_client.py.
 */
class TwistedPBSpec :
    FunSpec({
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { RealTwisted.isHere })

        fun against(service: String, block: suspend (PBClient) -> Unit) = twisted.withServer("twisted_pb_server.py") { ports ->
            withRealReactor {
                val client = connectPB("tcp:127.0.0.1:${ports.getValue(service)}", PBOptions(types))
                block(client)
                client.close()
            }
        }

        test("Twisted's server: the tutorials' program") {
            against("root") { client ->
                val (two, three, second) = client.root().callRemote("get_main", "0", "1").await() as List<*>
                listOf(two, three) shouldBe listOf("2", "3")
                (second as RemoteReference).callRemote("server2_main", "4").await() shouldBe "5: 4"
                client.root().callRemote("same", second).await() shouldBe true
                second.close()
            }
        }

        test("Twisted's server: every kind of value there and back") {
            against("root") { client ->
                val values =
                    listOf(
                        1L, -1L, 1L shl 40, BigInteger.ONE.shiftLeft(100), 1.5, true, null, "text \u4f60", Bytes.utf8("bytes"),
                        Tuple.of(1L, "x"), mapOf("k" to listOf(1L)), setOf(1L, 2L), FrozenSet(setOf(3L)),
                        LocalDateTime.of(2024, 1, 2, 3, 4, 5, 6_000),
                        LocalDate.of(2024, 1, 2), LocalTime.of(3, 4), Duration.ofSeconds(-5, 7_000), BigDecimal("1.50"),
                    )
                for (value in values) client.root().callRemote("echo", value).await() shouldBe value
                client.root().callRemoteWith("echo", listOf(1), mapOf("a" to 2)).await() shouldBe listOf(listOf(1L), mapOf("a" to 2L))
                val ring = ArrayList<Any?>().apply { add(this) }
                (client.root().callRemote("echo", ring).await() as List<*>).let { it[0] shouldBeSameInstanceAs it }
            }
        }

        test("Twisted's server: errors, copies, and what is not registered") {
            against("root") { client ->
                val root = client.root()
                shouldThrow<RemoteError> { root.callRemote("fail").await() }.run {
                    remoteType shouldBe "builtins.ValueError"
                    remoteMessage shouldBe "a value\nof two lines"
                    remoteParents shouldContain "builtins.Exception"
                    isA("builtins.Exception") shouldBe true
                    message shouldBe "builtins.ValueError: a value\\nof two lines"
                }
                shouldThrow<RemoteError> { root.callRemote("expected").await() }.remoteType shouldBe "twisted.spread.pb.Error"
                shouldThrow<RemoteError> { root.callRemote("nobody").await() }.remoteType shouldBe "twisted.spread.flavors.NoSuchMethod"
                root.callRemote("point", Point(1, "one")).await() shouldBe listOf("ReceivedPoint", 1L, "one")
                root.callRemote("pond").await() shouldBe Frogs(3)
                root.callRemote("trap", Failing()).await() shouldBe listOf(true, true, true, false, "on purpose")
            }
            twisted.withServer("twisted_pb_server.py") { ports ->
                withRealReactor {
                    val client = connectPB("tcp:127.0.0.1:${ports.getValue("root")}")
                    shouldThrow<InsecureJellyException> { client.root().callRemote("pond").await() }
                    client.root().callRemote("echo", 1).await() shouldBe 1L
                    client.close()
                }
            }
        }

        test("Twisted's server: it calls back, holds what we gave, and lets go") {
            against("root") { client ->
                val root = client.root()
                val mine = Doubling()
                root.callRemote("callback", mine, 21).await() shouldBe 42L
                root.callRemote("keep", mine).await().shouldBeNull()
                root.broker.localObjectCount shouldBe 1
                root.callRemote("drop").await()
                while (root.broker.localObjectCount > 0) root.callRemote("echo", 1).await()
            }
        }

        test("Twisted's server: a cache that is kept up to date") {
            against("root") { client ->
                val root = client.root()
                val pond = root.callRemote("shared").await() as CachedPond
                pond.frogs shouldBe 5L
                root.callRemote("jump").await() shouldBe 1L
                pond.frogs shouldBe 4L
                root.callRemote("shared").await() shouldBeSameInstanceAs pond
                root.callRemote("sharedIsMine", pond).await() shouldBe true
                pond.close()
                while (root.callRemote("observers").await() != 0L) Unit
            }
        }

        test("Twisted's server: pages in both directions") {
            against("root") { client ->
                val pages = getAllPages(client.root(), "pages", listOf(100_000)).await()
                val all = pages.fold(ByteArray(0)) { sum, page -> sum + (page as Bytes).toByteArray() }
                all.contentEquals(ByteArray(100_000) { (it % 251).toByte() }) shouldBe true
                client.root().callRemote("collect", Paging()).await() shouldBe listOf(7L, 50_000L)
            }
        }

        test("Twisted's server: users log in, and the connection's end fails what waits") {
            against("users") { client ->
                val joe = client.loginDeferred(UsernamePassword("joe", "secret"), Telling()).await()
                joe.callRemote("who").await() shouldBe "joe"
                joe.callRemote("mind", "hello").await() shouldBe "told hello"
                client.loginDeferred(Anonymous).await().callRemote("who").await() shouldBe "guest"
                shouldThrow<UnauthorizedLogin> { client.loginDeferred(UsernamePassword("joe", "wrong")).await() }
                shouldThrow<UnauthorizedLogin> { client.loginDeferred(UsernamePassword("jim", "secret")).await() }
            }
            against("root") { client -> shouldThrow<PBConnectionLost> { client.root().callRemote("lose").await() } }
        }

        test("Twisted's client: objects, errors, caches, references, pages and logins of our server") {
            withRealReactor {
                val root = OurRoot()
                val factory = PBServerFactory(root, PBOptions(types))
                root.brokers = { factory.brokers }
                val port = listenTcp(0, factory, "127.0.0.1")
                val portal =
                    Portal(
                        { id, mind, _ -> succeed(Login(Avatar::class.java, OurUser("$id", mind))) },
                        InMemoryChecker().addUser("joe", "secret"),
                        AllowAnonymousAccess(),
                    )
                val users = listenTcp(0, PBServerFactory(portal), "127.0.0.1")
                val verdict =
                    deferToThread { twisted.output("twisted_pb_client.py", "${port.port()}", "${users.port()}") }.await()
                verdict.trim() shouldBe "ok"
            }
        }
    })

private val types: TypeRegistry =
    TypeRegistry
        .builder()
        .record("shapes.Point", Point::class.java)
        .remoteCopy("__main__.Pond", Function { state -> Frogs((state as Map<*, *>)["frogs"] as Long) })
        .remoteCopy("__main__.SharedPond", Supplier { CachedPond() })
        .build()

@JvmRecord
internal data class Point(val x: Int, val name: String)

private data class Frogs(val count: Long)

private class CachedPond : RemoteCache() {
    var frogs = 0L

    override fun setCopyableState(state: Any?) {
        frogs = (state as Map<*, *>)["frogs"] as Long
    }

    @Observe
    fun jumped(left: Long) {
        frogs = left
    }
}

private class Doubling : Referenceable {
    @Remote
    fun double(number: Int) = number * 2
}

private class Failing : Referenceable {
    @Remote
    fun fail(): Unit = throw IllegalStateException("on purpose")
}

private class Telling : Referenceable {
    @Remote
    fun tell(text: String) = "told $text"
}

private class Paging : Referenceable {
    @Remote
    fun pages(collector: RemoteReference) {
        BytesPager(collector, ByteArray(50_000), 8192).start()
    }
}

private class OurUser(private val name: String, private val mind: Any?) : Avatar {
    @Perspective
    fun who() = name

    @Perspective
    fun mind(number: Int) = (mind as RemoteReference).callRemote("double", number)
}

private class SharedPond : Cacheable {
    val observers = ArrayList<RemoteCacheObserver>()
    var frogs = 5

    override fun typeToCopyFor(perspective: Any?) = "ponds.Shared"

    override fun stateToCacheAndObserveFor(perspective: Any?, observer: RemoteCacheObserver): Any? =
        mapOf("frogs" to frogs).also { observers.add(observer) }

    override fun stoppedObserving(perspective: Any?, observer: RemoteCacheObserver) {
        observers.remove(observer)
    }
}

private class OurRoot : Root {
    lateinit var brokers: () -> Set<Broker>
    private val shared = SharedPond()
    private val second = Second()

    private class Second : Referenceable {
        @Remote("server2_main")
        fun main(message: String) = "5: $message"
    }

    @Remote
    fun echo(values: List<Any?>) = listOf(values)

    @Remote("get_main")
    fun main(a: String, b: String): List<Any> = if (a == "0" && b == "1") listOf("2", "3", second) else emptyList()

    @Remote
    fun named(@Arg("a") a: Int, @Arg("b") b: Int) = "$a $b"

    @Remote
    fun same(thing: Any?) = thing === second

    @Remote
    fun callback(theirs: RemoteReference, number: Int) = theirs.callRemote("double", number)

    @Remote
    fun point(point: Point) = Point(point.x + 1, point.name + "!")

    @Remote
    fun fail(): Unit = throw IllegalStateException("on purpose")

    @Remote
    fun expected(): Unit = throw PBError("for you")

    @Remote
    fun unsendable() = Any()

    @Remote
    fun failure() = listOf(Failure(IllegalStateException("as a value")))

    @Remote
    fun trap(theirs: RemoteReference): Deferred<Any?> = theirs.callRemote("fail").addErrback { failure ->
        val error = failure.value as RemoteError
        listOf(error.remoteType, error.isA("builtins.LookupError"), error.remoteMessage)
    }

    @Remote
    fun shared() = shared

    @Remote
    suspend fun jump() {
        shared.frogs--
        shared.observers.toList().forEach { it.callRemote("jumped", shared.frogs).await() }
    }

    @Remote
    fun sharedIsMine(pond: Any?) = pond === shared

    @Remote
    fun observers() = shared.observers.size

    @Remote
    fun child() = Doubling()

    @Remote
    fun count() = brokers().single().localObjectCount

    @Remote
    fun pages(collector: RemoteReference, size: Int) {
        BytesPager(collector, ByteArray(size) { (it % 251).toByte() }).start()
    }

    @Remote
    fun collect(theirs: RemoteReference) = getAllPages(theirs, "pages").addCallback { pages -> pages.sumOf { (it as Bytes).size } }

    @Remote("wait")
    fun forEver() = Deferred<Any?>()
}
