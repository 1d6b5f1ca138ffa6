// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.await
import dev.torsion.framing.Content
import dev.torsion.framing.HeaderAndBody
import dev.torsion.framing.HeaderCheck
import dev.torsion.framing.HeaderCodec
import dev.torsion.framing.HeaderFraming
import dev.torsion.framing.LineCodec
import dev.torsion.framing.MalformedFrameException
import dev.torsion.framing.MessageConnection
import dev.torsion.framing.MessageOutbox
import dev.torsion.framing.Struct
import dev.torsion.framing.StructValues
import dev.torsion.framing.connect
import dev.torsion.framing.listen
import dev.torsion.log.Logger
import dev.torsion.net.ListeningPort
import dev.torsion.testkit.runReactorTest
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.delay
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration

private const val MAGIC = 0x544f5253

private val log = Logger(ConnectionsGuideSpec::class.java)

private suspend fun drain(port: ListeningPort) {
    val report = port.drain(5.seconds.toJavaDuration()).await()
    if (report.cutConnections > 0) log.warn("lost {bytes}", "bytes" to report.unsentBytes)
}

private fun beat(connection: MessageConnection<String>) {
    connection.every(10.seconds.toJavaDuration(), "ping")
    connection.answerHeartbeats({ it == "ping" || it == "pong" }) { if (it == "ping") "pong" else null }
}

private fun publish(connection: MessageConnection<String>, feed: ((String) -> Unit) -> Unit) {
    val prices = MessageOutbox.latest(connection) { line: String -> line.substringBefore('=') }
    feed { line -> prices.offer(line) }
}

/** The Kotlin code of docs/guide/codecs.md and running.md on how connections live and end. */
class ConnectionsGuideSpec :
    StringSpec({
        "heartbeats, prices and the end of a port" {
            runReactorTest {
                val got = ArrayList<String>()
                val port =
                    listen("tcp:8007", LineCodec()) { c ->
                        beat(c)
                        c.onMessage { got.add(it) }
                    }.await()
                val client = connect("tcp:127.0.0.1:8007", LineCodec())
                publish(client) { send -> listOf("a=1", "b=1").forEach(send) }
                client.receive() shouldBe "ping"
                drain(port)
                client.whenClosed().await().isClean shouldBe true
                got shouldContainExactly listOf("a=1", "b=1")
                delay(1.seconds)
            }
        }

        "a header is looked at before its body" {
            val check = HeaderCheck { header ->
                if (header.int(0) != MAGIC) throw MalformedFrameException("None of our messages.")
            }
            val codec = HeaderCodec(HeaderFraming(Struct(">III"), lengthField = 1, check = check), Content.text())
            codec.encode(HeaderAndBody(StructValues.of(MAGIC, 0, 1), "hello")).size shouldBe 17
        }
    })
