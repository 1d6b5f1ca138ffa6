// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples

import dev.torsion.clock.Clock
import dev.torsion.examples.java.ChatServer
import dev.torsion.examples.kotlin.ChatFactory
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.MemoryReactor
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.time.Duration

/** In the chat a talker waits for those who read, and nobody waits for long for one who does not. */
class ChatBurstSpec :
    StringSpec({
        val rooms: Map<String, (Clock, Output) -> Factory> = mapOf("Java" to ::ChatServer, "Kotlin" to ::ChatFactory)
        val silent = Output {}

        for ((language, room) in rooms) {
            "$language: megabytes that one says at once reach all who read" {
                MemoryReactor().use { reactor ->
                    reactor.listenTcp(PORT, room(reactor, silent))
                    val readers = List(5) { reactor.guest() }
                    val talker = reactor.guest()
                    reactor.flush()
                    readers.forEach { it.received = 0 }
                    talker.say(TALK)
                    reactor.runFor(Duration.ofSeconds(5))
                    readers.map { it.received } shouldBe List(5) { TALK.size.toLong() }
                    readers.map { it.isConnected } shouldBe List(5) { true }
                    talker.isConnected shouldBe true
                }
            }

            "$language: who does not read is let go after ten seconds, and the others hear on" {
                MemoryReactor().use { reactor ->
                    reactor.listenTcp(PORT, room(reactor, silent))
                    val deaf = reactor.guest()
                    val reader = reactor.guest()
                    val talker = reactor.guest()
                    reactor.flush()
                    reader.received = 0
                    deaf.transport.pauseProducing()
                    talker.say(TALK)
                    reactor.runFor(Duration.ofSeconds(9))
                    withClue("what a room holds for one who does not read") { reader.received shouldBeLessThan 1_000_000L }
                    withClue("he may only be slow") { reactor.health().connections shouldBe 6 }
                    reactor.runFor(Duration.ofSeconds(2))
                    reader.received shouldBe TALK.size.toLong()
                    withClue("he is gone, though he does not look") { reactor.health().connections shouldBe 5 }
                    deaf.transport.abortConnection()
                }
            }
        }
    })

private const val PORT = 8007

private val TALK = ("x".repeat(1022) + "\r\n").repeat(8 * 1024).encodeToByteArray() // 8 MiB

private fun MemoryReactor.guest() = Guest().also { guest -> connectTcp("127.0.0.1", PORT, ClientFactory { guest }) }

/** Counts what the others say. */
private class Guest : Protocol() {
    var received = 0L

    fun say(text: ByteArray) = transport.write(text)

    override fun dataReceived(data: ByteArray) {
        received += data.size
    }

    override fun connectionLost(reason: CloseReason) {}
}
