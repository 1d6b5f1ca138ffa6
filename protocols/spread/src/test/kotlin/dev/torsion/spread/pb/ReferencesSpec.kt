// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.net.ProtocolViolationException
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.reactorScope
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.UnsendableValueException
import dev.torsion.spread.banana.bytes
import dev.torsion.spread.jelly.RemoteCopy
import dev.torsion.spread.jelly.Tuple
import dev.torsion.spread.jelly.TypeRegistry
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.function.Supplier
import kotlin.time.Duration.Companion.seconds

/** Objects that stay where they are, copies that are kept up to date, views: who holds what, and until when. */
class ReferencesSpec :
    FunSpec({
        test("an object is held as often as it was sent, and not longer") {
            val child = RemoteMethods.create().on("name") { "child" }.referenceable()
            scene(RemoteMethods.create().on("get") { child }.on("twice") { listOf(child, child) }.root()) {
                val one = root.callRemote("get").await() as RemoteReference
                val (two, three) = root.callRemote("twice").await() as List<*>
                one shouldBe two
                broker.localObjectCount shouldBe 1
                one.close()
                one.close()
                (two as RemoteReference).close()
                delay(1.seconds)
                broker.localObjectCount shouldBe 1
                (three as RemoteReference).callRemote("name").await() shouldBe "child"
                three.close()
                delay(1.seconds)
                broker.localObjectCount shouldBe 0
                (three.callRemote("name").outcome()() as Failure).value.shouldBeInstanceOf<DeadReferenceException>()
                root.close()
                root.callRemote("get").await().shouldBeInstanceOf<RemoteReference>()
            }
        }

        test("an object that is sent back is the object itself, and a reference of another connection is refused") {
            val child = RemoteMethods.create().referenceable()
            val taken = ArrayList<Any?>()
            scene(RemoteMethods.create().on("get") { child }.on("take") { it.args.forEach(taken::add) }.root()) {
                val mine = RemoteMethods.create().referenceable()
                val reference = root.callRemote("get").await() as RemoteReference
                root.callRemote("take", reference, listOf(reference), mine, root).await()
                taken[0] shouldBeSameInstanceAs child
                (taken[1] as List<*>)[0] shouldBeSameInstanceAs child
                taken[2].shouldBeInstanceOf<RemoteReference>()
                val other = another()
                (other.root().callRemote("take", reference).outcome()() as Failure).value.shouldBeInstanceOf<UnsendableValueException>()
                reference.close()
                (root.callRemote("take", reference).outcome()() as Failure).value.message!! shouldContain "closed"
                other.close()
            }
        }

        test("a peer holds 1,024 objects at most; who asks for more again and again is cut off") {
            scene(RemoteMethods.create().on("get") { RemoteMethods.create().referenceable() }.root()) {
                val held = List(1024) { root.callRemote("get") }.map { it.await() as RemoteReference }
                repeat(3) {
                    shouldThrow<RemoteError> { root.callRemote("get").await() }.remoteMessage shouldContain "Maximum PB reference count"
                }
                held[0].close()
                root.callRemote("get").await()
                broker.localObjectCount shouldBe 1024
                root.callRemote("get").addErrback { null }
                while (!client.isDisconnected) delay(1)
            }
        }

        test("what the garbage collector finds out of use is given back too") {
            val reactor = Reactor.create()
            reactor.start()
            try {
                runBlocking {
                    withTimeout(60.seconds) {
                        reactor.reactorScope {
                            val server = PBServerFactory(RemoteMethods.create().on("get") { RemoteMethods.create().referenceable() }.root())
                            val port = reactor.listenTcp(0, server, "127.0.0.1")
                            val client = reactor.connectPB("tcp:127.0.0.1:${port.port()}")
                            repeat(10) { client.root().callRemote("get").await() }
                            val broker = server.brokers.single()
                            broker.localObjectCount shouldBe 10
                            while (broker.localObjectCount > 0) {
                                System.gc()
                                delay(20) // lets the loop run; what ends the loop is the count
                            }
                            client.close()
                        }
                    }
                }
            } finally {
                reactor.stopAndJoin(Duration.ofSeconds(10)) shouldBe true
            }
        }

        test("a view knows who calls, and is one object for each avatar") {
            class Group : Viewable {
                @View
                fun who(caller: Any?, question: String) = "$question ${(caller as? User)?.name}"
            }
            val group = Group()
            val joe = User("joe")
            val methods =
                RemoteMethods
                    .create()
                    .on("none") { group }
                    .on("joe") { ViewPoint(joe, group) }
                    .on("same") { it.args.map { view -> (view as ViewPoint).viewable === group } }
            scene(methods.root()) {
                val none = root.callRemote("none").await() as RemoteReference
                val joes = root.callRemote("joe").await() as RemoteReference
                none.callRemote("who", "is it").await() shouldBe "is it null"
                joes.callRemote("who", "is it").await() shouldBe "is it joe"
                joes shouldBe root.callRemote("joe").await()
                (joes == none) shouldBe false
                root.callRemote("same", none, joes).await() shouldBe listOf(true, true)
            }
        }

        test("a cache gets the state once, then what changes, and is sent back as the original") {
            val pond = Pond()
            val types = TypeRegistry.builder().remoteCopy("ponds.Pond", Supplier { RemotePond() }).build()
            scene(RemoteMethods.create().on("get") { listOf(pond, pond) }.on("same") { it.args[0] === pond }.root(), PBOptions(types)) {
                val (cache, again) = root.callRemote("get").await() as List<*>
                again shouldBeSameInstanceAs cache
                (root.callRemote("get").await() as List<*>)[0] shouldBeSameInstanceAs cache
                (cache as RemotePond).frogs shouldBe 5L
                pond.observers.size shouldBe 1
                pond.jump()
                pond.observers.single().callRemote("count").await() shouldBe 4L
                cache.frogs shouldBe 4L
                root.callRemote("same", cache).await() shouldBe true
                cache.close()
                while (pond.observers.isNotEmpty()) delay(1)
                delay(1.seconds)
                (root.callRemote("same", cache).outcome()() as Failure).value.shouldBeInstanceOf<UnsendableValueException>()
                val fresh = (root.callRemote("get").await() as List<*>)[0] as RemotePond
                (fresh === cache) shouldBe false
                fresh.frogs shouldBe 4L
                broker.transport.loseConnection()
                while (pond.observers.isNotEmpty()) delay(1)
            }
        }

        test("a copy that comes again while it is given back goes on") {
            val pond = Pond()
            val types = TypeRegistry.builder().remoteCopy("ponds.Pond", Supplier { RemotePond() }).build()
            scene(RemoteMethods.create().on("get") { pond }.root(), PBOptions(types)) {
                val cache = root.callRemote("get").await() as RemotePond
                val again = root.callRemote("get")
                cache.close()
                again.await() shouldBeSameInstanceAs cache
                delay(1.seconds)
                pond.jump()
                delay(1.seconds)
                cache.frogs shouldBe 4L
            }
        }

        test("references, caches and values that mean nothing here are refused, and the connection lives") {
            val (transport, broker) = serverSide(RemoteMethods.create().on("take") { it.args.size }.root())
            transport.agree()
            for (argument in listOf("028011870981", "028011870382666f6f", "028012870981", "02800f870981", "01801087", "0280108701800181")) {
                val hex = "07801a8701810482726f6f74" + "048274616b65" + "0181" + "02800b87" + argument + "01800587"
                transport.receive(bytes(hex))
                transport.taken() shouldStartWith "03801c870181" // [error, 1
                transport.isAborted shouldBe false
            }
            broker.localObjectCount shouldBe 0
        }

        test("pages come in order and whole, and no faster than they are taken") {
            class Pages : Root {
                val started = ArrayList<Deferred<Unit>>()
                lateinit var reactor: Reactor

                @Remote
                fun bytes(collector: RemoteReference, size: Int) {
                    started.add(BytesPager(collector, ByteArray(size) { it.toByte() }, 8192).start())
                }

                @Remote
                fun file(collector: RemoteReference, size: Int) {
                    started.add(FilePager(reactor, collector, ByteArray(size) { it.toByte() }.inputStream()).start())
                }

                @Remote
                fun endless(collector: RemoteReference) {
                    started.add(
                        object : Pager(collector) {
                            override fun nextPage() = succeed<Any?>("x".repeat(1000))
                        }.start().addErrback { },
                    )
                }

                @Remote
                fun failing(collector: RemoteReference) = started.add(
                    object : Pager(collector) {
                        override fun nextPage() = throw java.io.IOException("the disk")
                    }.start(),
                ).let { started.last() }
            }
            val pages = Pages()
            scene(pages) {
                pages.reactor = reactor
                for ((name, size) in listOf("bytes" to 0, "bytes" to 8192, "bytes" to 1_000_001, "file" to 200_000)) {
                    val got = getAllPages(root, name, listOf(size)).await().map { (it as Bytes).toByteArray() }
                    val all = got.fold(ByteArray(0)) { sum, page -> sum + page }
                    all.contentEquals(ByteArray(size) { it.toByte() }) shouldBe true
                    pages.started.last().await()
                }
                shouldThrow<RemoteError> { getAllPages(root, "failing").await() }.remoteMessage shouldBe "the disk"
                shouldThrow<RemoteError> { getAllPages(root, "nobody").await() }
                val tooMany = shouldThrow<PBError> { getAllPages(root, "bytes", listOf(100_000), maxBytes = 50_000).await() }
                tooMany.message!! shouldContain "50000"
                val before = pages.started.size
                val endless = getAllPages(root, "endless")
                while (pages.started.size == before) yield() // time does not pass while there are pages to send
                client.close()
                shouldThrow<Exception> { endless.await() }
                pages.started.last().await()
            }
        }

        test("a page that cannot be sent, and a collector that was closed, fail the pager: the other side hears of no end") {
            class Pages : Root {
                var reference: RemoteReference? = null
                lateinit var reactor: Reactor

                @Remote
                fun bytes(collector: RemoteReference) = BytesPager(collector, ByteArray(2_000_000), 700_000).start()

                @Remote
                fun file(collector: RemoteReference) = FilePager(reactor, collector, ByteArray(700_000).inputStream(), 700_000).start()

                @Remote
                fun closed(collector: RemoteReference): Deferred<Unit> {
                    collector.close()
                    return BytesPager(collector, ByteArray(10)).start()
                }
            }
            val pages = Pages()
            scene(pages) {
                pages.reactor = reactor
                for (name in listOf("bytes", "file")) {
                    val error = shouldThrow<RemoteError> { getAllPages(root, name).await() }
                    error.remoteType shouldBe "twisted.spread.jelly.InsecureJelly"
                }
                shouldThrow<RemoteError> { getAllPages(root, "closed").await() }.remoteMessage shouldBe "The reference was closed."
            }
        }

        test("proxies: an interface whose methods give Deferreds, futures, values of suspend functions, or nothing") {
            val calculator =
                object : Calculator {
                    var noted = 0

                    override fun add(a: Int, b: Int) = succeed(a + b)

                    override fun split(text: String) = CompletableFuture.completedFuture(text.split(' '))

                    override suspend fun longest(texts: List<String>): Int {
                        delay(1)
                        return texts.maxOf { it.length }
                    }

                    override suspend fun reset() {
                        noted = 0
                    }

                    override fun note(number: Int) {
                        noted += number
                    }

                    override fun child() = succeed(this as Calculator)

                    override fun noted() = succeed(noted)
                }
            class Server : Root {
                val wrapped = RemoteMethods.of(Calculator::class.java, calculator)

                @Remote
                fun get() = wrapped

                @Remote
                fun same(given: Any?) = given === wrapped
            }
            scene(Server()) {
                val remote = (root.callRemote("get").await() as RemoteReference).remote<Calculator>()
                remote.add(1, 2).await() shouldBe 3
                remote.split("a b").await(this) shouldContainExactly listOf("a", "b")
                remote.longest(listOf("a", "abc")) shouldBe 3
                remote.note(5)
                remote.noted().await() shouldBe 5
                remote.reset()
                remote.noted().await() shouldBe 0
                remote.twice(4).await() shouldBe 8
                root.callRemote("same", remote).await() shouldBe true
                remote shouldBe remote
                remote.toString() shouldContain "Calculator"
                RemoteProxies.reference(remote).shouldBeInstanceOf<RemoteReference>()
                shouldThrow<IllegalArgumentException> { root.remote<Blocking>().get() }.message!! shouldContain "cannot wait"
                shouldThrow<IllegalArgumentException> { root.proxy(String::class.java) }
                shouldThrow<IllegalArgumentException> { RemoteProxies.reference("x") }
                shouldThrow<ProtocolViolationException> { root.call(String::class.java, "get").await(this) }
            }
        }

        test("a class with two methods of one name is refused where the server is made") {
            class Two : Root {
                @Remote("x")
                fun one() = 1

                @Remote("x")
                fun two() = 2
            }
            shouldThrow<IllegalArgumentException> { PBServerFactory(Two()) }.message!! shouldContain "remote_x"
            shouldThrow<IllegalArgumentException> { RemoteMethods.create().on("x") { 1 }.on("x") { 2 } }
        }
    })

internal interface Calculator {
    @Remote("plus")
    fun add(a: Int, b: Int): Deferred<Int>

    fun split(text: String): CompletableFuture<List<String>>

    suspend fun longest(texts: List<String>): Int

    suspend fun reset()

    fun note(number: Int)

    fun child(): Deferred<Calculator>

    fun noted(): Deferred<Int>

    fun twice(number: Int) = add(number, number)
}

internal interface Blocking {
    fun get(): String
}

internal suspend fun <T> CompletableFuture<T>.await(scene: Scene): T {
    while (!isDone) delay(1)
    scene.reactor.isInReactorThread shouldBe true
    return try {
        get()
    } catch (e: ExecutionException) {
        throw e.cause!!
    }
}

internal class User(val name: String) : Avatar {
    @Perspective
    fun echo(text: String) = Tuple.of(name, text)
}

private class Pond : Cacheable {
    val observers = ArrayList<RemoteCacheObserver>()
    private var frogs = 5

    override fun typeToCopyFor(perspective: Any?) = "ponds.Pond"

    override fun stateToCacheAndObserveFor(perspective: Any?, observer: RemoteCacheObserver): Any? {
        observers.add(observer)
        return mapOf("frogs" to frogs)
    }

    override fun stoppedObserving(perspective: Any?, observer: RemoteCacheObserver) {
        check(observers.remove(observer)) { "nobody observed" }
    }

    fun jump() {
        frogs--
        observers.forEach { it.send("jumped", frogs) }
    }
}

private class RemotePond :
    RemoteCache(),
    RemoteCopy {
    var frogs = 0L

    override fun setCopyableState(state: Any?) {
        frogs = (state as Map<*, *>)["frogs"] as Long
    }

    @Observe
    fun jumped(left: Long) {
        frogs = left
    }

    @Observe
    fun count() = frogs
}
