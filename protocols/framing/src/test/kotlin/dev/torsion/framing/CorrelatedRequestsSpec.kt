// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.defer.Deferred
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.net.WrongThreadException
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.failureResultOf
import dev.torsion.testkit.successResultOf
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import java.nio.ByteBuffer
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** Messages are lines such as `7=text`; those that begin with `*` answer nothing. */
class CorrelatedRequestsSpec :
    StringSpec({
        val keyOf = MessageKey<String, Int> { line -> if (line.startsWith("*")) null else line.substringBefore("=").toInt() }

        /** A client, and the other end, whose messages are kept in [heard]. */
        class Scene(val client: MessageConnection<String>, val server: MessageConnection<String>, val heard: List<String>)

        fun MemoryReactor.scene(): Scene {
            val heard = ArrayList<String>()
            var server: MessageConnection<String>? = null
            listen("tcp:8007", LineCodec()) { c ->
                server = c
                c.onMessage { heard.add(it) }
            }
            val client = openConnection("tcp:127.0.0.1:8007", LineCodec())
            flush()
            return Scene(successResultOf(client), server!!, heard)
        }

        /** The pushed message, and the work on it, which is done when a test says so. */
        class Pushes(requests: CorrelatedRequests<Int, String>) {
            val pushed = ArrayList<String>()
            val work = ArrayList<Deferred<Unit>>()

            init {
                requests.onPush { push ->
                    pushed.add(push)
                    Deferred<Unit>().also(work::add)
                }
            }
        }

        fun MemoryReactor.twoPushes(scene: Scene): Pushes {
            val pushes = Pushes(scene.client.requestsBy(keyOf = keyOf))
            scene.server.write("*1")
            scene.server.write("*2")
            flush()
            return pushes
        }

        fun driving(test: MemoryReactor.() -> Unit) = MemoryReactor().use { it.test() }

        "answers come in any order, and coroutines ask" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                val answers = (1..3).map { key -> scope.async(start = CoroutineStart.UNDISPATCHED) { requests.ask(key, "$key=question") } }
                flush()
                scene.heard shouldContainExactly listOf("1=question", "2=question", "3=question")
                requests.size shouldBe 3
                for (key in listOf(2, 3, 1)) scene.server.write("$key=answer")
                flush()
                answers.map { successResultOf(it) } shouldContainExactly listOf("1=answer", "2=answer", "3=answer")
                requests.size shouldBe 0
            }
        }

        "what answers nothing goes to the handler, one at a time, and answers do not wait for it" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                val pushed = ArrayList<String>()
                val work = ArrayList<Deferred<String>>()
                requests.onPush { push ->
                    pushed.add(push)
                    requests.request(pushed.size, "${pushed.size}=about $push").also(work::add)
                }
                scene.server.write("*first")
                scene.server.write("*second")
                flush()
                pushed shouldContainExactly listOf("*first")
                scene.heard shouldContainExactly listOf("1=about *first")
                scene.server.write("1=done")
                flush()
                pushed shouldContainExactly listOf("*first", "*second")
                scene.server.write("2=done")
                flush()
                work.all { it.called } shouldBe true
                scene.client.closeReason shouldBe null
            }
        }

        "when too many pushes wait, nothing is read until there is room" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(CorrelationOptions(pushLimit = 2), keyOf)
                val pushes = Pushes(requests)
                val asked = requests.request(1, "1=question")
                for (n in 1..10) scene.server.write("*$n")
                scene.server.write("1=answer")
                flush()
                pushes.pushed shouldContainExactly listOf("*1")
                asked.called shouldBe false
                var done = 0
                while (done < 10) {
                    pushes.work[done++].callback(Unit)
                    flush()
                }
                pushes.pushed shouldContainExactly (1..10).map { "*$it" }
                successResultOf(asked) shouldBe "1=answer"
            }
        }

        "a push handler that fails aborts the connection, and every request that waits fails at once" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                val broken = IllegalStateException("broken")
                requests.onPush { throw broken }
                val waiting = requests.request(1, "1=question")
                scene.server.write("*news")
                shouldThrow<IllegalStateException> { flush() } shouldBe broken
                failureResultOf<ConnectionAborted>(waiting).cause shouldBe broken
            }
        }

        "the connection is lost with requests waiting: each fails at once, and so does a later one" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                val waiting = (1..3).map { requests.request(it, "$it=question") }
                scene.server.abort()
                flush()
                waiting.forEach { failureResultOf<CloseReason>(it).by shouldBe ClosedBy.PEER }
                failureResultOf<CloseReason>(requests.request(4, "4=late"))
            }
        }

        "a peer that ends its side answers no more" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                val first = requests.request(1, "1=question")
                val second = requests.request(2, "2=question")
                scene.server.write("1=answer")
                scene.server.close()
                flush()
                successResultOf(first) shouldBe "1=answer"
                failureResultOf<ConnectionDone>(second)
            }
        }

        "ten pushes, and the peer's end: all are handled, one at a time, before the connection is closed" {
            for (limit in listOf(1, 3, 100)) {
                driving {
                    val scene = scene()
                    val pushes = Pushes(scene.client.requestsBy(CorrelationOptions(pushLimit = limit), keyOf))
                    for (n in 1..10) scene.server.write("*$n")
                    scene.server.close()
                    flush()
                    for (done in 0 until 10) {
                        pushes.pushed shouldContainExactly (1..done + 1).map { "*$it" }
                        scene.client.closeReason shouldBe null
                        pushes.work[done].callback(Unit)
                        flush()
                    }
                    scene.client.closeReason.shouldBeInstanceOf<ConnectionDone>()
                }
            }
        }

        "a push, and the peer's end of its side: what its handler sends late arrives" {
            driving {
                var server: MessageConnection<String>? = null
                val heard = ArrayList<String>()
                listen("tcp:8007", LineCodec()) { c ->
                    server = c
                    c.onMessage { heard.add(it) }
                }
                val opened = openConnection("tcp:127.0.0.1:8007", LineCodec())
                flush()
                val client = successResultOf(opened)
                val requests = client.requestsBy(keyOf = keyOf)
                val work = Deferred<String>()
                requests.onPush { push -> work.addCallback { client.write("$it to $push") } }
                server!!.write("*push")
                server.closeWrite()
                flush()
                client.closeReason shouldBe null
                work.callback("answer")
                flush()
                heard shouldContainExactly listOf("answer to *push")
                client.closeReason.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        "a push whose handler never ends has the time of a last answer" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                requests.onPush { Deferred<Unit>() }
                scene.server.write("*push")
                scene.server.close()
                advance(Duration.ofSeconds(5))
                scene.client.closeReason shouldBe null
                advance(Duration.ofSeconds(10))
                scene.client.closeReason.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<AnswerTimeoutException>()
            }
        }

        /** [end] comes while the first of two pushes is handled. Gives who has ended the connection, and the pushes in the end. */
        fun MemoryReactor.endedBetween(end: (Scene) -> Unit): Pair<ClosedBy, List<String>> {
            val scene = scene()
            val pushes = twoPushes(scene)
            end(scene)
            flush()
            val by = scene.client.closeReason!!.by
            pushes.work[0].callback(Unit)
            return by to pushes.pushed
        }

        "the peer is gone: the pushes that came before are handled" {
            driving { endedBetween { it.server.abort() } shouldBe (ClosedBy.PEER to listOf("*1", "*2")) }
        }

        "pushes that wait when this side closes are not handled" {
            driving { endedBetween { it.client.close() } shouldBe (ClosedBy.US to listOf("*1")) }
        }

        "this side closes while a push is handled: those that wait are not handled, though the connection is there until all is sent" {
            for (end in listOf<(MessageConnection<String>) -> Unit>({ it.close() }, { it.abort() })) {
                driving {
                    val scene = scene()
                    val pushes = twoPushes(scene)
                    end(scene.client)
                    pushes.work[0].callback(Unit)
                    scene.client.closeReason shouldBe null
                    pushes.pushed shouldContainExactly listOf("*1")
                    flush()
                    pushes.pushed shouldContainExactly listOf("*1")
                }
            }
        }

        "the work on the last push is cancelled when its time is up, or the peer is gone, and those before it are not" {
            for (limit in listOf(1, 2, 64)) {
                for (isGone in listOf(false, true)) {
                    driving {
                        val scene = scene()
                        val requests = scene.client.requestsBy(CorrelationOptions(pushLimit = limit), keyOf)
                        val cancelled = ArrayList<String>()
                        val work = ArrayList<Deferred<Unit>>()
                        requests.onPush { push -> Deferred<Unit> { cancelled.add(push) }.also(work::add) }
                        scene.server.write("*1")
                        scene.server.write("*2")
                        flush()
                        if (isGone) scene.server.abort() else scene.server.close()
                        flush()
                        cancelled.shouldBeEmpty()
                        work[0].callback(Unit)
                        flush()
                        if (!isGone) advance(Duration.ofSeconds(15))
                        cancelled shouldContainExactly listOf("*2")
                        scene.client.closeReason!!.by shouldBe if (isGone) ClosedBy.PEER else ClosedBy.US
                    }
                }
            }
        }

        "the time of the last answer is up while a push waits for the one before it" {
            for (limit in listOf(1, 2, 64)) {
                driving {
                    val scene = scene()
                    val requests = scene.client.requestsBy(CorrelationOptions(pushLimit = limit), keyOf)
                    val cancelled = ArrayList<String>()
                    requests.onPush { push -> Deferred<Unit> { cancelled.add(push) } }
                    scene.server.write("*1")
                    scene.server.write("*2")
                    scene.server.close()
                    flush()
                    advance(Duration.ofSeconds(15))
                    scene.client.closeReason.shouldBeInstanceOf<ConnectionAborted>().cause.shouldBeInstanceOf<AnswerTimeoutException>()
                    cancelled shouldContainExactly listOf("*1")
                }
            }
        }

        "pushes that come before there is a handler wait for it, as many as may, and hold nothing up" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(CorrelationOptions(pushLimit = 3), keyOf)
                val asked = requests.request(1, "1=question")
                for (n in 1..10) scene.server.write("*$n")
                scene.server.write("1=answer")
                flush()
                successResultOf(asked) shouldBe "1=answer"
                val pushed = ArrayList<String>()
                requests.onPush { pushed.add(it) }
                scene.server.write("*11")
                flush()
                pushed shouldContainExactly listOf("*1", "*2", "*3", "*11")
            }
            driving {
                val scene = scene()
                scene.client.requestsBy(keyOf = keyOf)
                scene.server.write("*push")
                scene.server.close()
                flush()
                scene.client.closeReason.shouldBeInstanceOf<ConnectionDone>()
            }
        }

        "what waits when requests are first made by key goes to their handler" {
            driving {
                val scene = scene()
                for (n in 1..3) scene.server.write("*$n")
                flush()
                val pushed = ArrayList<String>()
                scene.client.requestsBy(keyOf = keyOf).onPush { pushed.add(it) }
                pushed shouldContainExactly listOf("*1", "*2", "*3")
            }
        }

        "a handler of early pushes that fails aborts the connection, and is not called again" {
            val broken = IllegalStateException("broken")
            val reported = ArrayList<Throwable>()
            MemoryReactor { _, error -> reported.add(error) }.use { reactor ->
                with(reactor) {
                    val scene = scene()
                    val requests = scene.client.requestsBy(keyOf = keyOf)
                    scene.server.write("*1")
                    scene.server.write("*2")
                    flush()
                    var calls = 0
                    requests.onPush {
                        calls++
                        throw broken
                    }
                    flush()
                    calls shouldBe 1
                    scene.client.closeReason!!.cause shouldBe broken
                }
            }
            reported shouldContainExactly listOf(broken)
        }

        "another thread is refused before anything has changed" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                val errors = CompletableFuture.supplyAsync {
                    listOf(
                        runCatching { requests.request(1, "1=question") }.exceptionOrNull(),
                        runCatching { requests.onPush { } }.exceptionOrNull(),
                    )
                }.get(20, TimeUnit.SECONDS)
                errors.forEach { it.shouldBeInstanceOf<WrongThreadException>() }
                requests.size shouldBe 0
                requests.onPush { }
            }
        }

        "a peer that breaks the rules: those who wait are told of that" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                val waiting = requests.request(1, "1=question")
                scene.server.transport.write(ByteArray(20_000) { 'x'.code.toByte() })
                flush()
                failureResultOf<FrameTooLongException>(waiting)
            }
        }

        "a key that cannot be found in a message aborts the connection" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                val waiting = requests.request(1, "1=question")
                scene.server.write("no number=?")
                shouldThrow<NumberFormatException> { flush() }
                failureResultOf<ConnectionAborted>(waiting)
            }
        }

        "a message that cannot be sent leaves its key free, and nothing is sent when this side closes" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(keyOf = keyOf)
                failureResultOf<EncodeException>(requests.request(1, "x".repeat(20_000)))
                val again = requests.request(1, "1=question")
                scene.client.close()
                failureResultOf<ConnectionDone>(requests.request(2, "2=too late"))
                flush()
                failureResultOf<CloseReason>(again)
                scene.heard shouldContainExactly listOf("1=question")
            }
        }

        "time-outs are the reactor's, and a cancelled coroutine frees its place" {
            driving {
                val scene = scene()
                val requests = scene.client.requestsBy(CorrelationOptions(timeout = Duration.ofSeconds(3), requestLimit = 2), keyOf)
                val slow = requests.request(1, "1=question")
                val job = scope.launch(start = CoroutineStart.UNDISPATCHED) { requests.ask(2, "2=question") }
                requests.size shouldBe 2
                job.cancel(null)
                flush()
                requests.size shouldBe 1
                advance(Duration.ofSeconds(3))
                failureResultOf<DeferredTimeoutException>(slow)
                scene.server.write("1=late")
                scene.server.write("2=late")
                flush()
                scene.client.closeReason shouldBe null
            }
        }

        "an answer that is a view of the read buffer outlives its call" {
            driving {
                val codec = LineCodec().with(Content.view())
                listen("tcp:8007", LineCodec()) { c -> c.onMessage { c.write(it) } }
                val client = openConnection("tcp:127.0.0.1:8007", codec)
                flush()
                val requests = successResultOf(client).requestsBy { view: ByteBuffer -> view.get(view.position()).toInt() }
                val first = requests.request('a'.code, ByteBuffer.wrap("a first".toByteArray()))
                val second = requests.request('b'.code, ByteBuffer.wrap("b later".toByteArray()))
                flush()
                successResultOf(first).text() shouldBe "a first"
                successResultOf(second).text() shouldBe "b later"
            }
        }

        "a second way of receiving is refused" {
            driving {
                val scene = scene()
                scene.client.requestsBy(keyOf = keyOf).onPush { }
                shouldThrow<IllegalStateException> { scene.client.requestsBy(keyOf = keyOf) }
                shouldThrow<IllegalStateException> { scene.client.onMessage { } }
            }
        }
    })

private fun ByteBuffer.text() = Charsets.UTF_8.decode(duplicate()).toString()
