// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.await
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionLost
import dev.torsion.net.DrainReport
import dev.torsion.net.ListeningPort
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.StringTransport
import dev.torsion.testkit.runTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay
import java.time.Duration
import kotlin.time.Duration.Companion.seconds

private const val HERE = "tcp:127.0.0.1:8007"

/** A receiver that reads when it is told to. */
private class Scene {
    val reported = ArrayList<Throwable>()
    val reactor = MemoryReactor { _, error -> reported.add(error) }
    lateinit var port: ListeningPort
    lateinit var sender: MessageConnection<String>
    lateinit var receiver: MessageConnection<String>

    fun run(test: suspend Scene.() -> Unit) = reactor.use {
        it.network.window = 1000
        it.runTest {
            port = it.listen("tcp:8007", LineCodec()) { c -> sender = c }.await()
            receiver = it.connect(HERE, LineCodec(), ConnectionOptions(inboundLimit = 1))
            delay(1.seconds)
            test()
        }
    }

    /** The connection is full: what is offered from now on waits. */
    fun fill() {
        var i = 0
        while (sender.isWritable) sender.write("fill${i++} ".padEnd(10_000, '.'))
    }

    suspend fun received(): List<String> {
        val all = ArrayList<String>()
        while (true) {
            val line = receiver.receive()
            if (line == "the end") return all
            if (!line.startsWith("fill")) all.add(line)
        }
    }
}

/** The messages that a slow receiver gets when they are offered faster than it reads. */
class MessageOutboxSpec :
    StringSpec({
        "while there is room everything is sent at once" {
            Scene().run {
                val outbox = MessageOutbox.dropOldest(sender, 1)
                repeat(5) { outbox.offer("$it") shouldBe true }
                outbox.waiting shouldBe 0
                outbox.dropped shouldBe 0
                sender.write("the end")
                received() shouldContainExactly List(5) { "$it" }
            }
        }

        "the oldest are dropped" {
            Scene().run {
                val outbox = MessageOutbox.dropOldest(sender, 3)
                fill()
                repeat(10) { outbox.offer("$it") shouldBe true }
                outbox.waiting shouldBe 3
                outbox.dropped shouldBe 7
                outbox.offer("the end")
                received() shouldContainExactly listOf("8", "9")
                outbox.waiting shouldBe 0
                outbox.offer("again") shouldBe true
                receiver.receive() shouldBe "again"
            }
        }

        "the newest are dropped" {
            Scene().run {
                val outbox = MessageOutbox.dropNewest(sender, 3)
                fill()
                List(5) { outbox.offer(if (it == 2) "the end" else "$it") } shouldContainExactly listOf(true, true, true, false, false)
                outbox.dropped shouldBe 2
                received() shouldContainExactly listOf("0", "1")
            }
        }

        "the latest of each key is sent, in the place of the first" {
            Scene().run {
                val outbox = MessageOutbox.latest(sender, limit = 3) { line: String -> line.substringBefore('=') }
                fill()
                listOf("a=1", "b=1", "a=2", "the end", "b=2", "a=3").forEach { outbox.offer(it) shouldBe true }
                outbox.waiting shouldBe 3
                outbox.dropped shouldBe 3
                received() shouldContainExactly listOf("a=3", "b=2")
            }
        }

        "over the limit of keys the oldest goes" {
            Scene().run {
                val outbox = MessageOutbox.latest(sender, limit = 2) { line: String -> line }
                fill()
                listOf("a", "b", "the end").forEach(outbox::offer)
                received() shouldContainExactly listOf("b")
            }
        }

        "what waits is dropped with the connection, and more is refused" {
            Scene().run {
                val outbox = MessageOutbox.dropOldest(sender, 3)
                fill()
                outbox.offer("a")
                outbox.offer("b")
                receiver.abort()
                sender.whenClosed().await().shouldBeInstanceOf<CloseReason>()
                outbox.waiting shouldBe 0
                outbox.dropped shouldBe 2
                outbox.offer("c") shouldBe false
                outbox.dropped shouldBe 3
            }
        }

        "a drain sends what waits and refuses more, so that a feed does not use up its time" {
            Scene().run {
                val outbox = MessageOutbox.dropOldest(sender, 3)
                fill()
                outbox.offer("a") shouldBe true
                val drained = port.drain(Duration.ofMinutes(1))
                outbox.offer("b") shouldBe false
                outbox.waiting to outbox.dropped shouldBe (1 to 1L)
                val all = ArrayList<String>()
                while (true) {
                    all.add(receiver.receiveOrNull() ?: break)
                    outbox.offer("c") shouldBe false
                }
                all.last() shouldBe "a"
                drained.await() shouldBe DrainReport(1, 0, 0)
            }
        }

        "a message that cannot be encoded: thrown at once, or reported when its time comes" {
            val scene = Scene()
            scene.run {
                val outbox = MessageOutbox.dropOldest(sender, 3)
                shouldThrow<EncodeException> { outbox.offer("two\nlines") }
                fill()
                outbox.offer("two\nlines") shouldBe true
                shouldThrow<ConnectionLost> { while (true) receiver.receive() }
            }
            scene.reported.single().shouldBeInstanceOf<EncodeException>()
        }

        "behind a message that cannot be encoded nothing is sent: one report, and the rest is dropped and counted" {
            val scene = Scene()
            scene.run {
                val outbox = MessageOutbox.dropOldest(sender, 10)
                fill()
                listOf("a", "two\nlines", "also\ntwo", "b").forEach { outbox.offer(it) shouldBe true }
                shouldThrow<ConnectionLost> { while (true) receiver.receive() shouldNotBe "b" }
                outbox.waiting shouldBe 0
                outbox.dropped shouldBe 2
                outbox.offer("late") shouldBe false
                outbox.dropped shouldBe 3
            }
            scene.reported.single().shouldBeInstanceOf<EncodeException>()
        }

        "a limit is positive" {
            val transport = StringTransport()
            var made: MessageConnection<String>? = null
            transport.connect(ConnectionFactory(MemoryReactor(), LineCodec()) { made = it }.buildProtocol(transport.peer())!!)
            shouldThrow<IllegalArgumentException> { MessageOutbox.dropOldest(made!!, 0) }
        }
    })
