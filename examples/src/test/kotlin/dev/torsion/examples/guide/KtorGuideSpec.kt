// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide

import dev.torsion.ktor.KtorHandler
import dev.torsion.ktor.KtorProtocol
import dev.torsion.ktor.KtorSelectorManager
import dev.torsion.ktor.serve
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.reactorScope
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.ServerSocket
import io.ktor.network.sockets.aSocket
import io.ktor.network.sockets.openReadChannel
import io.ktor.network.sockets.openWriteChannel
import io.ktor.network.sockets.port
import io.ktor.utils.io.copyTo
import io.ktor.utils.io.readLine
import io.ktor.utils.io.writeStringUtf8
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.time.Duration
import kotlin.time.Duration.Companion.seconds

private suspend fun ask(reactor: Reactor, port: Int): String? {
    val selector = KtorSelectorManager(reactor)
    val socket = aSocket(selector).tcp().connect("127.0.0.1", port)
    socket.openWriteChannel(autoFlush = true).writeStringUtf8("hello\n")
    return socket.openReadChannel().readLine().also { socket.close() }
}

private suspend fun serveAll(server: ServerSocket, reactor: Reactor): Unit = coroutineScope {
    while (true) {
        val socket = server.accept()
        launch { socket.serve(Echo(), reactor) }
    }
}

private fun listen(reactor: Reactor): ListeningPort {
    val echo = KtorHandler { socket ->
        socket.openReadChannel().copyTo(socket.openWriteChannel(autoFlush = true))
    }
    return reactor.listenTcp(0, Factory { KtorProtocol(reactor, echo) }, "127.0.0.1")
}

/** The code of docs/guide/ktor.md. */
class KtorGuideSpec :
    StringSpec({
        fun onReactor(block: suspend (Reactor) -> Unit) {
            val reactor = Reactor.create()
            reactor.start()
            try {
                runBlocking { withTimeout(30.seconds) { reactor.reactorScope { block(reactor) } } }
            } finally {
                reactor.stopAndJoin(Duration.ofSeconds(10)) shouldBe true
            }
        }

        "ktor's client asks ktor's code on a connection of the reactor" {
            onReactor { reactor -> ask(reactor, listen(reactor).port()) shouldBe "hello" }
        }

        "ktor's client asks a protocol on a connection of ktor" {
            onReactor { reactor ->
                val server = aSocket(KtorSelectorManager(reactor)).tcp().bind(InetSocketAddress("127.0.0.1", 0))
                val serving = reactor.scope.launch { serveAll(server, reactor) }
                ask(reactor, server.port) shouldBe "hello"
                serving.cancel()
                server.close()
            }
        }
    })
