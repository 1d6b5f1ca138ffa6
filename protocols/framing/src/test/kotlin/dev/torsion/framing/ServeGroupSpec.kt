// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.group.GroupPort
import dev.torsion.group.ReactorGroup
import dev.torsion.net.CannotListenException
import dev.torsion.net.CloseReason
import dev.torsion.reactor.reactorScope
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.future.await
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private const val ANY_PORT = "tcp:0:interface=127.0.0.1"
private val GroupPort.endpoint get() = "tcp:127.0.0.1:${port()}"

class ServeGroupSpec :
    StringSpec({
        fun withGroup(test: suspend (ReactorGroup) -> Unit) = ReactorGroup.create(2).use { group ->
            group.start()
            runBlocking { withTimeout(30.seconds) { test(group) } }
        }

        "a coroutine for each connection, on the thread of its reactor to the end" {
            withGroup { group ->
                val threads = ConcurrentHashMap<Thread, Int>()
                val port =
                    group.serve(ANY_PORT, LineCodec()) { connection ->
                        val thread = Thread.currentThread()
                        for (line in connection.incoming) {
                            delay(1.milliseconds)
                            check(Thread.currentThread() === thread)
                            connection.send(line.uppercase())
                        }
                        threads.merge(thread, 1, Int::plus)
                    }
                val client = group.next()
                client.reactorScope {
                    val connections = List(6) { client.connect(port.endpoint, LineCodec()) }
                    for (connection in connections) {
                        connection.send("hello")
                        connection.receive() shouldBe "HELLO"
                        connection.close()
                    }
                }
                port.stopListening().await()
                group.reactors.forEach {
                    it.reactorScope {
                        withTimeout(10.seconds) {
                            while (it.health().connections >
                                0
                            ) {
                                delay(1.milliseconds)
                            }
                        }
                    }
                }
                threads.values.sorted() shouldBe listOf(3, 3)
            }
        }

        "the limit of connections is for all reactors together" {
            withGroup { group ->
                val port = group.serve(ANY_PORT, LineCodec(), ConnectionOptions(maxConnections = 3)) {
                    for (line in it.incoming) it.send(line)
                }
                val client = group.next()
                client.reactorScope {
                    val open =
                        List(3) {
                            client.connect(port.endpoint, LineCodec()).also {
                                it.send("there")
                                it.receive() shouldBe "there"
                            }
                        }
                    repeat(2) { client.connect(port.endpoint, LineCodec()).receiveOrNull() shouldBe null }
                    open.first().close()
                    withTimeout(10.seconds) {
                        while (!client.connect(port.endpoint, LineCodec()).isServed()) delay(1.milliseconds)
                    }
                }
            }
        }

        "when the group stops, the handlers are cancelled" {
            val cancelled = ConcurrentHashMap.newKeySet<Thread>()
            val group = ReactorGroup.create(2)
            group.start()
            runBlocking {
                val port =
                    group.serve(ANY_PORT, LineCodec()) { connection ->
                        connection.send("here")
                        try {
                            awaitCancellation()
                        } finally {
                            cancelled.add(Thread.currentThread())
                        }
                    }
                val client = group.next()
                client.reactorScope { repeat(2) { client.connect(port.endpoint, LineCodec()).receive() shouldBe "here" } }
            }
            group.close()
            cancelled.size shouldBe 2
        }

        "it fails as a port does" {
            withGroup { group ->
                val port = group.serve(ANY_PORT, LineCodec()) {}
                shouldThrow<CannotListenException> { group.serve("tcp:${port.port()}:interface=127.0.0.1", LineCodec()) {} }
            }
        }
    })

private suspend fun MessageConnection<String>.isServed(): Boolean = try {
    send("now")
    receiveOrNull() == "now"
} catch (_: CloseReason) {
    false // one too many: what it has sent is answered with a reset
}
