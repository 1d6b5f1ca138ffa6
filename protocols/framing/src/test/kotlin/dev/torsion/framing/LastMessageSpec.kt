// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.WrongThreadException
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.runTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.booleans.shouldBeFalse
import io.kotest.matchers.booleans.shouldBeTrue
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.delay
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

/** Two ends; [reader] reads when it is told to, and little fits between them. */
private class Ends(val reactor: MemoryReactor, val writer: MessageConnection<String>, val reader: MessageConnection<String>) {
    suspend fun read(): List<String> {
        val all = ArrayList<String>()
        while (true) all.add(reader.receiveOrNull()?.substringBefore('.') ?: return all)
    }

    /** More than the reader takes ahead, and less than the high-water mark. */
    fun fill() = repeat(FILLS.size) { writer.write("fill".padEnd(10_000, '.')) }
}

private val FILLS = List(5) { "fill" }

private fun ends(test: suspend Ends.() -> Unit) = MemoryReactor().use { reactor ->
    reactor.network.window = 1_000
    reactor.runTest {
        val writer = reactor.accepting(LineCodec())
        val reader = reactor.connect("tcp:127.0.0.1:8007", LineCodec(), ConnectionOptions(inboundLimit = 1))
        delay(1.seconds)
        Ends(reactor, writer(), reader).test()
    }
}

/** Nothing is sent behind the last message, and whoever tries is told. */
class LastMessageSpec :
    StringSpec({
        fun MessageConnection<*>.hasEndedIt(error: Throwable) {
            error.shouldBeInstanceOf<ConnectionDone>().by shouldBe ClosedBy.US
            closeReason shouldBe null
        }

        "after closeWrite a message is refused, and not lost" {
            ends {
                val outbox = MessageOutbox.dropOldest(writer, 10)
                writer.write("last")
                writer.closeWrite()
                writer.hasEndedIt(shouldThrow<ConnectionDone> { writer.send("more") })
                writer.hasEndedIt(shouldThrow<ConnectionDone> { writer.request("more").await() })
                outbox.offer("more").shouldBeFalse()
                outbox.dropped shouldBe 1
                val requests = writer.requestsBy { line: String -> line }
                writer.hasEndedIt(shouldThrow<ConnectionDone> { requests.ask("more", "more") })
                requests.size shouldBe 0
                read() shouldContainExactly listOf("last")
            }
        }

        "heartbeats end with closeWrite, close and abort, and leave no timer" {
            val ends = listOf<(MessageConnection<String>) -> Unit>({ it.closeWrite() }, { it.close() }, { it.abort() })
            for (end in ends) {
                ends {
                    writer.every(Duration.ofSeconds(1), "beat")
                    writer.every(Duration.ofSeconds(3), "slow beat")
                    fill()
                    end(writer)
                    reactor.delayedCalls().count { it.isActive } shouldBe 0
                    writer.every(Duration.ofSeconds(1), "late beat")
                    reactor.delayedCalls().count { it.isActive } shouldBe 0
                    reader.abort()
                }
            }
        }

        "closing waits for the peer to read: no heartbeat comes behind the last message" {
            ends {
                writer.every(Duration.ofSeconds(1), "beat")
                fill()
                writer.write("last")
                writer.close()
                delay(10.seconds)
                writer.closeReason shouldBe null
                read() shouldContainExactly FILLS + "last"
            }
        }

        "closing below the messages, as an idle peer's end does, ends the heartbeats with the next one" {
            ends {
                writer.every(Duration.ofSeconds(1), "beat")
                fill()
                writer.transport.loseConnection()
                delay(10.seconds)
                read() shouldContainExactly FILLS
            }
        }

        "heartbeats that are closed are forgotten, whoever closes them, and in whatever order" {
            ends {
                val all = List(5) { writer.every(Duration.ofSeconds(1), "beat $it") }
                all[2].close()
                all[2].close()
                all[0].close()
                delay(1.seconds)
                writer.close()
                all.forEach { it.close() }
                read() shouldContainExactly listOf("beat 1", "beat 3", "beat 4")
            }
        }

        "closing waits for the peer to read: nothing of an outbox comes behind the last message" {
            ends {
                val outbox = MessageOutbox.dropOldest(writer, 10)
                while (writer.isWritable) writer.write("fill".padEnd(10_000, '.'))
                repeat(3) { outbox.offer("offered").shouldBeTrue() }
                writer.write("last")
                writer.close()
                outbox.offer("too late").shouldBeFalse()
                read().filter { it != "fill" } shouldContainExactly listOf("last")
                outbox.waiting shouldBe 0
                outbox.dropped shouldBe 4
            }
        }

        "an outbox refuses another thread before anything has changed" {
            ends {
                val outbox = MessageOutbox.dropOldest(writer, 10)
                while (writer.isWritable) writer.write("fill".padEnd(10_000, '.'))
                val error = CompletableFuture.supplyAsync { runCatching { outbox.offer("elsewhere") }.exceptionOrNull() }
                error.get(20, TimeUnit.SECONDS).shouldBeInstanceOf<WrongThreadException>()
                outbox.waiting shouldBe 0
                writer.abort()
            }
        }

        "a cancel, a close, a stop and an abort in the answer to another request's end" {
            for (moment in listOf("cancel", "close", "abort", "ask", "stop")) {
                ends {
                    reader.onMessage { }
                    val requests = writer.requestsBy { line: String -> line.substringBefore('=') }
                    val told = ArrayList<String>()
                    val asked = ArrayList<Deferred<String>>()
                    for (key in listOf("a", "b", "c")) {
                        val request = requests.request(key, "$key=?")
                        asked.add(request)
                        request.addBoth {
                            told.add(key)
                            if (key == "a") {
                                when (moment) {
                                    "cancel" -> asked.forEach { other -> other.cancel() }
                                    "close" -> writer.close()
                                    "abort" -> writer.abort()
                                    "ask" -> requests.request("d", "d=?").addBoth { told.add("d") }
                                    else -> writer.transport.loseConnection()
                                }
                            }
                            null
                        }
                    }
                    reader.abort()
                    writer.whenClosed().await()
                    told.sorted() shouldContainExactly listOf("a", "b", "c") + if (moment == "ask") listOf("d") else emptyList()
                    requests.size shouldBe 0
                    reactor.delayedCalls().count { it.isActive } shouldBe 0
                }
            }
        }
    })
