// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.log.Logger
import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.advance
import dev.torsion.testkit.sweep.FaultSweep
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.seconds

private class ChatRoom(private val room: Int) {
    private val log = Logger(ChatRoom::class.java)

    fun join(name: String) {
        log.info("{name} joined {room}", "name" to name, "room" to room)
    }
}

internal class Echo : Protocol() {
    override fun dataReceived(data: ByteArray) = transport.write(data)
}

private class Greeter(private val answers: MutableList<String>) : Protocol() {
    override fun connectionMade() = transport.write("hello".toByteArray())

    override fun dataReceived(data: ByteArray) {
        answers.add(data.decodeToString())
    }
}

/** The Kotlin code of the guide, word for word. */
class GuideSpec :
    StringSpec({
        "an event has its text and its values" {
            CapturedLogs.start().use { logs ->
                ChatRoom(7).join("ada")
                logs.messages() shouldContainExactly listOf("ada joined 7")
            }
        }

        "a program talks to itself in memory, and no time passes but on its clock" {
            val answers = ArrayList<String>()
            val reactor = MemoryReactor()
            reactor.listenTcp(8007, Factory { Echo() })
            reactor.connectTcp("127.0.0.1", 8007, ClientFactory { Greeter(answers) })
            reactor.advance(1.seconds)
            answers.joinToString("") shouldBe "hello"
            reactor.close()
        }

        "nothing that goes wrong harms a program that works in a thread" {
            FaultSweep("work") { run ->
                run.reactor.callWhenRunning {
                    val work = run.track("work", run.reactor.deferToThread { run.call("work") { compute() } })
                    work.addBoth { run.stop() }
                }
            }.run().throwIfWrong()
        }
    })

private fun compute() = 42
