// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.defer.Deferred
import dev.torsion.defer.await
import dev.torsion.log.Logger
import dev.torsion.net.ClientFactory
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.Transport
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.sendFile
import dev.torsion.testkit.CapturedLogs
import dev.torsion.testkit.MemoryReactor
import dev.torsion.testkit.advance
import dev.torsion.testkit.runReactorTest
import dev.torsion.testkit.sweep.FaultSweep
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.launch
import java.nio.file.Files
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

        "a file goes out as fast as the peer takes it" {
            val file = Files.createTempFile("torsion", ".txt")
            Files.write(file, ByteArray(5000))
            suspend fun send(reactor: Reactor, transport: Transport): Long {
                val sent = reactor.sendFile(file, transport, offset = 100, count = 1000).await()
                transport.loseConnection()
                return sent
            }
            runReactorTest {
                val sending = object : Protocol() {
                    val sent = Deferred<Long>()

                    override fun connectionMade() {
                        transport.scope.launch { sent.callback(send(this@runReactorTest, transport)) }
                    }
                }
                listenTcp(8007, Factory { sending })
                connectTcp("127.0.0.1", 8007, ClientFactory { object : Protocol() {} })
                sending.sent.await() shouldBe 1000
            }
            Files.delete(file)
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
