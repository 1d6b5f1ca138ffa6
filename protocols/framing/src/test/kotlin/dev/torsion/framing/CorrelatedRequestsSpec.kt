// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.defer.Deferred
import dev.torsion.net.CloseReason
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionDone
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.failureResultOf
import dev.torsion.testkit.successResultOf
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import java.nio.ByteBuffer
import java.time.Duration

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
                val pushed = ArrayList<String>()
                val work = ArrayList<Deferred<Unit>>()
                requests.onPush { push ->
                    pushed.add(push)
                    Deferred<Unit>().also(work::add)
                }
                val asked = requests.request(1, "1=question")
                for (n in 1..10) scene.server.write("*$n")
                scene.server.write("1=answer")
                flush()
                pushed shouldContainExactly listOf("*1")
                asked.called shouldBe false
                var done = 0
                while (done < 10) {
                    work[done++].callback(Unit)
                    flush()
                }
                pushed shouldContainExactly (1..10).map { "*$it" }
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
                job.cancel()
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
