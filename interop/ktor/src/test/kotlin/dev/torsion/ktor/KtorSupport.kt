// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.reactor.Reactor
import dev.torsion.reactor.reactorScope
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.ServerSocket
import io.ktor.network.sockets.aSocket
import io.ktor.network.sockets.port
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import java.net.InetAddress
import java.net.Socket
import kotlin.time.Duration.Companion.seconds

/** Runs [block] as a coroutine on the reactor's thread and waits for it, not for ever. */
internal fun <T> Reactor.coroutineOnLoop(block: suspend CoroutineScope.() -> T): T =
    runBlocking { withTimeout(DEADLINE_SECONDS.seconds) { reactorScope(block) } }

/** ktor's server socket on a free loopback port. */
internal suspend fun KtorSelectorManager.bind(): ServerSocket = aSocket(this).tcp().bind(InetSocketAddress("127.0.0.1", 0))

/** A blocking socket to this server: the peer that knows nothing of us. */
internal fun ServerSocket.peer(): Socket =
    Socket(InetAddress.getLoopbackAddress(), port).apply { soTimeout = (DEADLINE_SECONDS * 1000).toInt() }

/** A reactor that is none of Torsion's own. */
internal class ForeignReactor(reactor: Reactor) : Reactor by reactor {
    override fun <T : Any> capability(type: Class<T>): T? = null
}
