// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.clock.deferLater
import dev.torsion.cred.AllowAnonymousAccess
import dev.torsion.cred.Login
import dev.torsion.cred.Portal
import dev.torsion.cred.Realm
import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.await
import dev.torsion.defer.succeed
import dev.torsion.endpoint.ClientEndpoint
import dev.torsion.endpoint.clientFromString
import dev.torsion.net.CannotConnectException
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaElement
import dev.torsion.spread.banana.BananaEncoder
import dev.torsion.spread.banana.BananaInteger
import dev.torsion.spread.banana.BananaLimits
import dev.torsion.spread.banana.BananaList
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.bytes
import dev.torsion.spread.jelly.RemoteCopy
import dev.torsion.spread.jelly.TypeRegistry
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.StringTransport
import dev.torsion.testsupport.withRealReactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.delay
import java.io.InputStream
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicBoolean
import java.util.function.Consumer
import java.util.function.Supplier
import kotlin.time.Duration.Companion.seconds

/** A side that has something of the other side's, and does not use it, gives it back; whoever waits is told, whatever the others do. */
class GivingBackSpec :
    FunSpec({
        test("an answer that is not what the caller wants is given back, in every voice") {
            val child = RemoteMethods.create().referenceable()
            scene(RemoteMethods.create().on("get") { child }.on("list") { listOf(child, 1) }.root()) {
                val proxy = root.remote<Numbers>()
                shouldThrow<ProtocolViolationException> { root.ask<Int>("get") }
                shouldThrow<ProtocolViolationException> { root.ask<List<Int>>("list") }
                shouldThrow<ProtocolViolationException> { root.call(String::class.java, "get").await(this) }
                shouldThrow<ProtocolViolationException> { proxy.deferred().await() }
                shouldThrow<ProtocolViolationException> { proxy.future().await(this) }
                shouldThrow<ProtocolViolationException> { proxy.suspended() }
                delay(1.seconds)
                broker.localObjectCount shouldBe 0
                val kept = root.ask<RemoteReference>("get") // which the garbage collector would give back
                kept.callRemoteWith("nobody", emptyList(), emptyMap()).addErrback { }
                delay(1.seconds)
                broker.localObjectCount shouldBe 1 // one that fits stays
                kept.close()
            }
        }

        test("an answer that comes for nobody is given back, with the copies in it") {
            val pond = Watched()
            val gate = ArrayList<Deferred<Any?>>()
            scene(RemoteMethods.create().on("get") { Deferred<Any?>().also(gate::add) }.on("now") { pond }.root(), PBOptions(WATCHERS)) {
                val call = root.callRemote("get").addErrback { }
                val proxied = root.remote<Numbers>().deferred().addErrback { 0 }
                delay(1.seconds)
                call.cancel()
                proxied.cancel()
                gate.forEach { it.callback(listOf(pond)) }
                delay(1.seconds)
                pond.observers.shouldBeEmpty()
                shouldThrow<ProtocolViolationException> { root.ask<Int>("now") }
                delay(1.seconds)
                pond.observers.shouldBeEmpty()

                val kept = root.ask<Watcher>("now")
                shouldThrow<ProtocolViolationException> { root.ask<Int>("now") }
                delay(1.seconds)
                pond.observers.single().callRemote("hear", "still").await()
                kept.heard shouldContainExactly listOf("still")
            }
        }

        test("what comes with a call that is not made is given back") {
            val gate = Deferred<Any?>()
            val server = RemoteMethods.create().on("wait") { gate }.root()
            scene(server, PBOptions(WATCHERS).copy(maxPendingCalls = 1)) {
                val mine = RemoteMethods.create().referenceable()
                val pond = Watched()
                val arguments = arrayOf<Any?>(mine, pond)
                shouldThrow<RemoteError> { root.callRemote("nobody", *arguments).await() }
                shouldThrow<RemoteError> { root.broker.remoteForName("nobody").callRemote("x", *arguments).await() }
                val waiting = root.callRemote("wait", 1)
                shouldThrow<RemoteError> { root.callRemote("wait", *arguments).await() }.remoteMessage shouldBe
                    "Too many calls wait for their answers."
                delay(1.seconds)
                root.broker.localObjectCount shouldBe 0
                pond.observers.shouldBeEmpty()
                gate.callback(2)
                waiting.await() shouldBe 2L
            }
        }

        test("a login whose user wants no answer is logged out, since nobody ever could") {
            var out = 0
            val later = ArrayList<Deferred<Login<*>>>()
            val now = Realm { _, _, _ -> succeed(Login(Avatar::class.java, User("joe")) { out++ }) }
            scene(PBServerFactory(Portal(now, AllowAnonymousAccess()))) {
                root.send("loginAnonymous", null)
                delay(1.seconds)
                out shouldBe 1
                broker.localObjectCount shouldBe 0
            }
            out shouldBe 1
            val slow = Realm { _, _, _ -> Deferred<Login<*>>().also(later::add) }
            scene(PBServerFactory(Portal(slow, AllowAnonymousAccess()))) {
                root.send("loginAnonymous", null)
                delay(1.seconds)
                later.single().callback(Login(Avatar::class.java, User("jim")) { out++ })
                out shouldBe 2
            }
        }

        test("of those who wait for the root object one may cancel another, and the third is told all the same") {
            scene(RemoteMethods.create().on("one") { 1 }.root()) {
                val factory = PBClientFactory()
                val told = ArrayList<String>()
                lateinit var second: Deferred<RemoteReference>
                factory.getRootObject().addCallback { second.cancel() }
                second = factory.getRootObject().addErrback { failure ->
                    told.add("cancelled")
                    failure.raise()
                }
                second.addErrback { root }
                val third = factory.getRootObject()
                clientFromString(reactor, "tcp:127.0.0.1:${port()}")
                    .connect(factory).await()
                third.await().callRemote("one").await() shouldBe 1L
                told shouldContainExactly listOf("cancelled")
                factory.disconnect()

                // And so it is when the attempt fails.
                val failing = PBClientFactory()
                lateinit var other: Deferred<RemoteReference>
                failing.getRootObject().addErrback { root.also { other.cancel() } }
                other = failing.getRootObject().addErrback { root }
                val last = failing.getRootObject().outcome()
                shouldThrow<CannotConnectException> {
                    reactor.connectTcp("127.0.0.1", 1, failing).let { while (last() == null) delay(1) }
                    (last() as Failure).raise()
                }
            }
        }

        test("of those who are told of the end one may take another back") {
            scene(RemoteMethods.create().root()) {
                val told = ArrayList<String>()
                val second = Runnable { told.add("second") }
                root.broker.notifyOnDisconnect {
                    told.add("first")
                    root.broker.dontNotifyOnDisconnect(second)
                }
                root.broker.notifyOnDisconnect(second)
                val fourth = Consumer<RemoteReference> { told.add("fourth") }
                root.notifyOnDisconnect {
                    told.add("third")
                    root.dontNotifyOnDisconnect(fourth)
                }
                root.notifyOnDisconnect(fourth)
                client.close()
                while (!client.isDisconnected) delay(1)
                delay(1.seconds)
                told shouldContainExactly listOf("first", "third")
            }
        }

        test("a call is told of an Error that its answer, or its failure, is read with") {
            val error = AssertionError("not like this")
            val types =
                TypeRegistry.builder()
                    .remoteCopy("bad.Copy", Supplier { BadCopy(error) })
                    .exception("bad.Error", IllegalStateException::class.java) { throw error }
                    .build()
            CapturedLogs.start().use { logs ->
                for (answer in listOf(ANSWERED, FAILED)) {
                    val factory = PBClientFactory(PBOptions(types))
                    val broker = factory.buildProtocol(ADDRESS) as Broker
                    val transport = StringTransport().connect(broker)
                    transport.receive(bytes("02800282706204826e6f6e65")) // the dialects
                    val outcome = broker.remoteForName("root").callRemote("get").outcome()
                    runCatching { transport.receive(BananaEncoder(BananaLimits.DEFAULT).encode(answer)) }
                    (outcome() as Failure).value shouldBeSameInstanceAs error
                    transport.loseConnection()
                }
                logs.flushLoggedErrors(Throwable::class.java)
            }
        }

        test("a connection that has ended before anybody asks for its root fails who opens it") {
            scene(RemoteMethods.create().root()) {
                val real = clientFromString(reactor, "tcp:127.0.0.1:${port()}")
                val late =
                    object : ClientEndpoint {
                        override fun connect(factory: Factory): Deferred<Protocol> = real.connect(factory).addAsyncCallback { made ->
                            made.transport.abortConnection()
                            deferLater(reactor, Duration.ofSeconds(1)) { made }
                        }
                    }
                val outcome = PBClient.open(late).outcome()
                delay(5.seconds)
                (outcome() as Failure).value.shouldBeInstanceOf<DeadReferenceException>()
            }
        }

        test("pages that nobody wants: the answer of the call is given back") {
            val gate = ArrayList<Deferred<Any?>>()
            val child = RemoteMethods.create().referenceable()
            scene(RemoteMethods.create().on("get") { Deferred<Any?>().also(gate::add) }.root()) {
                val pages = getAllPages(root, "get")
                pages.addErrback { emptyList() }
                delay(1.seconds)
                pages.cancel()
                gate.single().callback(child)
                delay(1.seconds)
                broker.localObjectCount shouldBe 0
            }
        }

        test("objects in the answer of a call for pages are given back, since only the pages are wanted") {
            val child = RemoteMethods.create().referenceable()
            val pond = Watched()
            val server =
                RemoteMethods.create().on("get") { call ->
                    val collector = call.arg<RemoteReference>(0)
                    collector.callRemote("gotPage", "a")
                    collector.callRemote("endedPaging")
                    listOf(child, pond)
                }
            scene(server.root(), PBOptions(WATCHERS)) {
                getAllPages(root, "get").await() shouldBe listOf("a")
                delay(1.seconds)
                (broker.localObjectCount to pond.observers.size) shouldBe (0 to 0)
            }
        }

        test("objects in pages that nobody gets are given back: of a call that is cancelled, that come afterwards, and of too many pages") {
            val collectors = ArrayList<RemoteReference>()
            val child = RemoteMethods.create().referenceable()
            val pond = Watched()
            val server =
                RemoteMethods.create().on("get") { call ->
                    collectors.add(call.arg<RemoteReference>(0))
                    Deferred<Any?>()
                }
            scene(server.root(), PBOptions(WATCHERS)) {
                val page = listOf(child, pond)
                val cancelled = getAllPages(root, "get")
                cancelled.addErrback { emptyList() }
                delay(1.seconds)
                collectors.single().callRemote("gotPage", page).await()
                (broker.localObjectCount to pond.observers.size) shouldBe (1 to 1)
                cancelled.cancel()
                delay(1.seconds)
                (broker.localObjectCount to pond.observers.size) shouldBe (0 to 0)
                collectors.single().callRemote("gotPage", page).await()
                delay(1.seconds)
                (broker.localObjectCount to pond.observers.size) shouldBe (0 to 0)
                val tooMany = getAllPages(root, "get", maxBytes = 1).outcome()
                delay(1.seconds)
                shouldThrow<RemoteError> { collectors.last().callRemote("gotPage", page).await() }
                (tooMany() as Failure).value.shouldBeInstanceOf<PBError>()
                delay(1.seconds)
                (broker.localObjectCount to pond.observers.size) shouldBe (0 to 0)
            }
        }

        test("a file that is being read when nobody wants its pages any more is closed after that, and once") {
            val reading = CountDownLatch(1)
            val goOn = CountDownLatch(1)
            val isInRead = AtomicBoolean()
            val closed = CopyOnWriteArrayList<String>()
            val input =
                object : InputStream() {
                    override fun read(): Int {
                        isInRead.set(true)
                        reading.countDown()
                        check(goOn.await(20, TimeUnit.SECONDS)) { "nobody lets it go on" }
                        isInRead.set(false)
                        return -1
                    }

                    override fun close() {
                        closed.add(if (isInRead.get()) "while it is read" else "afterwards")
                    }
                }
            withRealReactor {
                var paging: Deferred<Unit>? = null
                val server =
                    RemoteMethods.create().on("get") { call ->
                        paging = FilePager(this, call.args[0] as RemoteReference, input).start()
                    }.root()
                val port = listenTcp(0, PBServerFactory(server), "127.0.0.1")
                val client = connectPB("tcp:127.0.0.1:${port.port()}")
                client.root().callRemote("get", CallbackPageCollector { }).await()
                while (reading.count > 0) delay(1)
                paging!!.addErrback { }.cancel()
                delay(1)
                goOn.countDown()
                while (closed.isEmpty()) delay(1)
                client.close()
                port.stopListening().await()
            }
            closed shouldContainExactly listOf("afterwards")
        }
    })

private fun Scene.port(): Int = (root.broker.transport.peer() as InternetAddress).port

internal interface Numbers {
    @Remote("get")
    fun deferred(): Deferred<Int>

    @Remote("get")
    fun future(): CompletableFuture<Int>

    @Remote("get")
    suspend fun suspended(): Int
}

internal class Watched : Cacheable {
    val observers = ArrayList<RemoteCacheObserver>()

    override fun typeToCopyFor(perspective: Any?) = "watched"

    override fun stateToCacheAndObserveFor(perspective: Any?, observer: RemoteCacheObserver): Any? {
        observers.add(observer)
        return 1
    }

    override fun stoppedObserving(perspective: Any?, observer: RemoteCacheObserver) {
        check(observers.remove(observer)) { "nobody observed" }
    }
}

private class Watcher : RemoteCache() {
    val heard = ArrayList<String>()

    override fun setCopyableState(state: Any?) = Unit

    @Observe
    fun hear(text: String) {
        heard.add(text)
    }
}

private class BadCopy(private val error: Error) : RemoteCopy {
    override fun setCopyableState(state: Any?) = throw error
}

private fun message(name: String, value: BananaElement) = BananaList.of(Bytes.utf8(name), BananaInteger.of(1), value)

private val ANSWERED = message("answer", BananaList.of(Bytes.utf8("bad.Copy"), BananaInteger.of(1)))
private val FAILED =
    message(
        "error",
        BananaList.of(
            Bytes.utf8("twisted.spread.pb.CopyableFailure"),
            BananaList.of(Bytes.utf8("dictionary"), BananaList.of(Bytes.utf8("type"), Bytes.utf8("bad.Error"))),
        ),
    )
internal val WATCHERS = TypeRegistry.builder().remoteCopy("watched", Supplier { Watcher() }).build()
