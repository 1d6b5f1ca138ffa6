// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredCancelledException
import dev.torsion.defer.Failure
import dev.torsion.defer.await
import dev.torsion.defer.fail
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ProtocolViolationException
import dev.torsion.spread.banana.BananaLimits
import dev.torsion.spread.banana.Bytes
import dev.torsion.spread.banana.UnsendableValueException
import dev.torsion.spread.jelly.Copyable
import dev.torsion.spread.jelly.InsecureJellyException
import dev.torsion.spread.jelly.Tuple
import dev.torsion.spread.jelly.TypeRegistry
import dev.torsion.testkit.CapturedLogs
import dev.torsion.tls.Tls
import dev.torsion.tls.startTls
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import java.io.IOException
import java.util.concurrent.CompletableFuture
import kotlin.time.Duration.Companion.seconds

/** Calls, answers, errors and their limits, on both sides. */
class CallsSpec :
    FunSpec({
        test("the tutorials' programs: a method that returns an object, whose method is called in turn") {
            class Second : Root {
                val said = ArrayList<String>()

                @Remote("server2_main")
                fun main(message: String) {
                    said.add(message)
                }
            }

            class Server : Root {
                val said = ArrayList<String>()
                val second = Second()

                @Remote("get_main")
                fun main(message0: String, message1: String): List<Any> {
                    said.addAll(listOf(message0, message1))
                    return listOf("2", "3", second)
                }
            }
            val server = Server()
            scene(server) {
                val answer = root.callRemote("get_main", "0", "1").await() as List<*>
                answer.take(2) shouldContainExactly listOf("2", "3")
                (answer[2] as RemoteReference).callRemote("server2_main", "4").await().shouldBeNull()
                server.said shouldContainExactly listOf("0", "1")
                server.second.said shouldContainExactly listOf("4")
            }
        }

        test("arguments come by position and by name, as the types that the method declares") {
            class Target : Root {
                @Remote
                fun types(int: Int, double: Double, bytes: ByteArray, list: List<Int>, @Arg("other") text: String?) =
                    "$int $double ${bytes.size} ${list.sum()} $text"

                @Remote
                fun everything(call: RemoteCall) = Tuple.of(call.name, call.args, call.kwargs)

                @Remote
                fun rest(first: String, vararg more: Int) = first + more.sum()

                @Remote
                suspend fun later(seconds: Int): String {
                    delay(seconds.seconds)
                    return "after $seconds"
                }

                @Remote
                suspend fun nothing() {
                    delay(1.seconds)
                }

                @Remote
                fun future(): CompletableFuture<String> = CompletableFuture.completedFuture("future")
            }
            scene(Target()) {
                val arguments = listOf(1, 2, Bytes.utf8("abc"), listOf(4, 5))
                root.callRemoteWith("types", arguments, mapOf("other" to null)).await() shouldBe "1 2.0 3 9 null"
                val everything = Tuple.of("everything", listOf(1L), mapOf("x" to 2L))
                root.callRemoteWith("everything", listOf(1), mapOf("x" to 2)).await() shouldBe everything
                root.ask<String>("rest", "n", 1, 2) shouldBe "n3"
                root.ask<String>("rest", "n") shouldBe "n0"
                root.ask<String>("later", 2) shouldBe "after 2"
                root.ask<Unit>("nothing")
                root.ask<Any?>("nothing").shouldBeNull()
                root.ask<String>("future") shouldBe "future"
            }
        }

        test("what does not fit a method is an error of the caller's") {
            class Target : Root {
                @Remote
                fun add(@Arg("a") a: Int, @Arg("b") b: Int) = a + b

                fun hidden() = "secret"
            }
            scene(Target()) {
                suspend fun error(args: List<Any?>, kwargs: Map<String, Any?> = emptyMap(), name: String = "add") =
                    shouldThrow<RemoteError> { root.callRemoteWith(name, args, kwargs).await() }
                for ((args, kwargs) in listOf(
                    listOf(1) to emptyMap(),
                    listOf(1, 2, 3) to emptyMap(),
                    listOf("1", 2) to emptyMap(),
                    listOf(1, null) to emptyMap(),
                    listOf(1L shl 40, 2) to emptyMap(),
                    listOf(1, 2) to mapOf("a" to 1),
                    listOf(1) to mapOf("c\n" to 1, "b" to 2),
                )) {
                    error(args, kwargs).remoteType shouldBe "builtins.TypeError"
                }
                error(listOf(1), mapOf("c\n" to 1, "b" to 2)).remoteMessage shouldNotContain "\n"
                for (name in listOf("hidden", "hashCode", "remoteMessageReceived", "getClass", "x\n")) {
                    error(emptyList(), name = name).remoteType shouldBe "twisted.spread.flavors.NoSuchMethod"
                }
                root.ask<Int>("add", 1, 2) shouldBe 3
            }
        }

        test("an exception comes as a RemoteError with its type, its parents and no trace; a PBError is not logged") {
            class Mine(message: String) : IOException(message)

            val methods =
                RemoteMethods
                    .create()
                    .on("throw") { throw Mine("bad\ntext") }
                    .on("later") { fail<Any?>(Mine("later")) }
                    .on("error") { throw PBError("for you") }
                    .on("assert") { throw AssertionError("even this") }
            val types = TypeRegistry.builder().exception("some.MyError", Mine::class.java) { Mine("again " + it.value) }.build()
            CapturedLogs.start().use { logs ->
                scene(methods.root()) {
                    val error = shouldThrow<RemoteError> { root.callRemote("throw").await() }
                    error.remoteType shouldBe Mine::class.java.name
                    error.remoteParents.shouldContain("java.io.IOException")
                    error.isA("builtins.Exception") shouldBe true
                    error.isA("builtins.ValueError") shouldBe false
                    error.remoteMessage shouldBe "bad\ntext"
                    error.message!! shouldContain "bad\\ntext"
                    error.remoteTraceback shouldBe "Traceback unavailable\n"
                    shouldThrow<RemoteError> { root.callRemote("later").await() }.remoteMessage shouldBe "later"
                    shouldThrow<RemoteError> { root.callRemote("assert").await() }.remoteType shouldBe "java.lang.AssertionError"
                    val logged = logs.flushLoggedErrors()
                    logged.map { it.message.substringBefore(" of ") } shouldBe listOf("throw", "later", "assert")
                    logged.first().throwable?.message.orEmpty() shouldContain "bad\\ntext"
                    shouldThrow<RemoteError> { root.callRemote("error").await() }.remoteType shouldBe "twisted.spread.pb.Error"
                    logs.flushLoggedErrors().size shouldBe 0
                }
            }
            scene(methods.root(), PBOptions(types, unsafeTracebacks = true)) {
                val error = shouldThrow<Mine> { root.callRemote("throw").await() }
                error.message shouldBe "again bad\ntext"
                error.cause.shouldBeInstanceOf<RemoteError>().run {
                    remoteType shouldBe "some.MyError"
                    remoteTraceback shouldContain "CallsSpec"
                }
            }
        }

        test("an argument that cannot be sent fails the call at once, and nothing goes out") {
            scene(RemoteMethods.create().on("echo") { it.args }.root()) {
                for (bad in listOf(Any(), ByteArray(700_000), "\uD800", listOf(RemoteMethods.create().referenceable(), Any()))) {
                    val outcome = root.callRemote("echo", bad).outcome()
                    (outcome() as Failure).value.shouldBeInstanceOf<UnsendableValueException>()
                }
                client.root().broker.localObjectCount shouldBe 0
                root.callRemote("echo", 1).await() shouldBe listOf(1L)
            }
        }

        test("an object that makes a call while it is sent: each call has its own answer") {
            val inner = ArrayList<() -> dev.torsion.defer.Outcome<Any?>?>()
            scene(RemoteMethods.create().on("echo") { it.args }.root()) {
                class Calling : Copyable {
                    override fun typeToCopyFor(perspective: Any?) = "pond"

                    override fun stateToCopyFor(perspective: Any?): Any {
                        inner.add(root.callRemote("echo", "inner").outcome())
                        return mapOf("x" to Any())
                    }
                }
                (root.callRemote("echo", Calling()).outcome()() as Failure).value.shouldBeInstanceOf<UnsendableValueException>()
                val map =
                    object : AbstractMap<String, Any?>() {
                        override val entries: Set<Map.Entry<String, Any?>>
                            get() {
                                inner.add(root.callRemote("echo", "map").outcome())
                                return emptySet()
                            }
                    }
                root.callRemote("echo", map).await() shouldBe listOf(emptyMap<Any, Any>())
                root.callRemote("echo", "last").await() shouldBe listOf("last")
                inner.map { it()!!.get() }.toSet() shouldBe setOf(listOf("inner"), listOf("map"))
            }
        }

        test("a call of which an argument ends the connection while it is sent fails") {
            scene(RemoteMethods.create().on("echo") { it.args }.root()) {
                val map =
                    object : AbstractMap<String, Any?>() {
                        override val entries: Set<Map.Entry<String, Any?>>
                            get() {
                                root.broker.transport.abortConnection()
                                return emptySet()
                            }
                    }
                val outcome = root.callRemote("echo", map).outcome()
                while (!root.broker.isDisconnected) kotlinx.coroutines.yield()
                (outcome() as Failure).value.shouldBeInstanceOf<Exception>()
            }
        }

        test("an answer that cannot be sent fails the caller, in place of leaving it waiting") {
            val methods =
                RemoteMethods
                    .create()
                    .on("object") { Any() }
                    .on("later") { CompletableFuture.completedFuture(Any()) }
                    .on("large") { ByteArray(700_000) }
                    .on("half") { listOf(RemoteMethods.create().referenceable(), Any()) }
                    .on("state") { BadState() }
                    .on("message") { throw PBError("x".repeat(700_000) + "\uD800") }
                    .on("ok") { "ok" }
            scene(methods.root()) {
                for (name in listOf("object", "later", "large", "half")) {
                    shouldThrow<RemoteError> { root.callRemote(name).await() }.remoteType shouldBe "twisted.spread.jelly.InsecureJelly"
                }
                shouldThrow<RemoteError> { root.callRemote("state").await() }.remoteType shouldBe "java.lang.IllegalStateException"
                shouldThrow<RemoteError> { root.callRemote("message").await() }.remoteMessage.length shouldBe 10_001
                broker.localObjectCount shouldBe 0
                root.callRemote("ok").await() shouldBe "ok"
            }
        }

        test("an answer of a type that is not registered fails the caller too, and gives back what else was in it") {
            val types = TypeRegistry.builder().copier(Thread::class.java, "some.Thread") { "x" }.build()
            val child = RemoteMethods.create().referenceable()
            val methods = RemoteMethods.create().on("get") { listOf(child, Thread.currentThread()) }.on("ok") { "ok" }
            scene(methods.root(), PBOptions(types), PBOptions.DEFAULT) {
                shouldThrow<InsecureJellyException> { root.callRemote("get").await() }.message!! shouldContain "some.Thread"
                root.callRemote("ok").await() shouldBe "ok"
                broker.localObjectCount shouldBe 0
            }
        }

        test("an argument of a type that is not registered is refused, and the connection lives") {
            val types = TypeRegistry.builder().copier(Thread::class.java, "some.Thread") { "x" }.build()
            scene(RemoteMethods.create().on("echo") { it.args }.root(), PBOptions.DEFAULT, PBOptions(types)) {
                val child = RemoteMethods.create().referenceable()
                val error = shouldThrow<RemoteError> { root.callRemote("echo", child, Thread.currentThread()).await() }
                error.remoteType shouldBe "twisted.spread.jelly.InsecureJelly"
                root.callRemote("echo", 1).await() shouldBe listOf(1L)
                root.broker.localObjectCount shouldBe 0
            }
        }

        test("the end of the connection fails every call at once, and tells those who asked") {
            val never = ArrayList<Deferred<Any?>>()
            scene(RemoteMethods.create().on("wait") { Deferred<Any?>().also(never::add) }.root()) {
                val calls = List(5) { root.callRemote("wait").outcome() }
                val future = root.call("wait")
                val told = ArrayList<Any>()
                root.notifyOnDisconnect { told.add(it) }
                root.notifyOnDisconnect { error("a listener that fails harms nobody") }
                val notTold = java.util.function.Consumer<RemoteReference> { told.add("no") }
                root.notifyOnDisconnect(notTold)
                root.dontNotifyOnDisconnect(notTold)
                root.callRemote("wait").addErrback { told.add("errback").let { null } }
                while (never.size < 7) delay(1)
                broker.transport.loseConnection()
                while (!client.isDisconnected) delay(1)
                calls.forEach { call ->
                    (call() as Failure).value.shouldBeInstanceOf<PBConnectionLost>().reason.shouldBeInstanceOf<ConnectionDone>()
                }
                future.isCompletedExceptionally shouldBe true
                told shouldContainExactly listOf("errback", root)
                (root.callRemote("wait").outcome()() as Failure).value.shouldBeInstanceOf<DeadReferenceException>()
                root.send("wait")
                root.notifyOnDisconnect { told.add("late") }
                told.last() shouldBe "late"
                never.forEach { it.callback("too late") }
            }
        }

        test("a suspended method ends with its connection") {
            var ended: Throwable? = null
            val methods =
                RemoteMethods.create().onSuspend("wait") {
                    try {
                        delay(10.seconds)
                    } catch (e: Throwable) {
                        ended = e
                        throw e
                    }
                }
            scene(methods.root()) {
                root.callRemote("wait").addErrback { null }
                delay(1.seconds)
                client.close()
                while (ended == null) delay(1)
                ended.shouldBeInstanceOf<CancellationException>()
            }
        }

        test("a call that is cancelled is done with, and what its answer holds is given back") {
            val answers = ArrayList<Deferred<Any?>>()
            val child = RemoteMethods.create().referenceable()
            scene(RemoteMethods.create().on("get") { Deferred<Any?>().also(answers::add) }.root()) {
                val call = root.callRemote("get")
                val outcome = call.outcome()
                val future = root.call("get")
                val stage = root.call("get").thenApply { it }
                val coroutine = CoroutineScope(reactor.dispatcher).async { root.ask<Any?>("get") }
                while (answers.size < 4) delay(1)
                call.cancel()
                future.cancel(false)
                stage.cancel(false)
                coroutine.cancelAndJoin()
                (outcome() as Failure).value.shouldBeInstanceOf<DeferredCancelledException>()
                answers.forEach { it.callback(listOf(child)) }
                broker.localObjectCount shouldBe 1 // until the client has heard of it
                while (broker.localObjectCount > 0) delay(1)
            }
        }

        test("an answer to a call that was never made, or was answered before, is a violation") {
            val (transport, _) = serverSide(RemoteMethods.create().root())
            transport.agree()
            transport.receive(dev.torsion.spread.banana.bytes("03801b87018101800187"))
            transport.abortCause.shouldBeInstanceOf<ProtocolViolationException>()
        }

        test("a peer may have only so many calls waiting") {
            val waiting = ArrayList<Deferred<Any?>>()
            scene(RemoteMethods.create().on("wait") { Deferred<Any?>().also(waiting::add) }.root(), PBOptions(maxPendingCalls = 2)) {
                val calls = List(2) { root.callRemote("wait") }
                shouldThrow<RemoteError> { root.callRemote("wait").await() }.remoteMessage shouldContain "Too many"
                waiting.forEach { it.callback(1) }
                calls.forEach { it.await() shouldBe 1L }
            }
        }

        test("a call that came in the clear behind the one that begins TLS is not made") {
            val heard = ArrayList<String>()
            val tls = Tls.server(Tls.selfSigned("localhost"))
            val methods =
                RemoteMethods
                    .create()
                    .on("secure") { call ->
                        heard.add(call.name)
                        call.broker.transport.startTls(tls).addCallbacks({}, {})
                        null
                    }.on("injected") { heard.add(it.name) }
            scene(methods.root()) {
                val calls = listOf("secure", "injected").map { root.callRemote(it) }
                calls.forEach { shouldThrow<PBConnectionLost> { it.await() } }
                heard shouldContainExactly listOf("secure")
            }
        }

        test("a message over the limits ends the connection; one's own is refused") {
            val small = BananaLimits(maxSize = 100)
            scene(RemoteMethods.create().on("echo") { it.args }.root(), PBOptions(limits = small), PBOptions.DEFAULT) {
                shouldThrow<PBConnectionLost> { root.callRemote("echo", ByteArray(200)).await() }
            }
            scene(RemoteMethods.create().on("echo") { it.args }.root(), PBOptions(limits = small)) {
                shouldThrow<UnsendableValueException> { root.callRemote("echo", ByteArray(200)).await() }
            }
        }

        test("a peer that does not agree on a dialect is cut off in time, and so is a server that offers none") {
            dev.torsion.testkit.runReactorTest {
                val port = listenTcp(0, PBServerFactory(RemoteMethods.create().root()), "127.0.0.1")
                val silent =
                    object : dev.torsion.net.Protocol() {
                        val lost = Deferred<Unit>()

                        override fun connectionLost(reason: dev.torsion.net.CloseReason) = lost.callback(Unit)
                    }
                connectTcp("127.0.0.1", port.port(), dev.torsion.net.ClientFactory { silent })
                val before = nanoTime()
                silent.lost.await()
                (nanoTime() - before) / 1_000_000_000 shouldBe 30
                val mute = listenTcp(0, dev.torsion.net.Factory { object : dev.torsion.net.Protocol() {} }, "127.0.0.1")
                val endpoint = dev.torsion.endpoint.clientFromString(this, "tcp:127.0.0.1:${mute.port()}")
                shouldThrow<dev.torsion.net.ConnectionAborted> { PBClient.open(endpoint).await() }
            }
        }
    })

private class BadState : Copyable {
    override fun stateToCopyFor(perspective: Any?): Any? = throw IllegalStateException("no state")
}
