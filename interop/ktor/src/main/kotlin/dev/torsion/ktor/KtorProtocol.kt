// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.net.CloseReason
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import io.ktor.network.sockets.Socket
import java.nio.ByteBuffer

/** Code for one connection, written against ktor's [Socket]. */
public fun interface KtorHandler {
    /** Runs on the reactor's thread, as a coroutine of the connection. An exception of it aborts that. */
    public suspend fun handle(socket: Socket)
}

/**
 * Offers a connection of [reactor] to code that is written for ktor: [handler] gets it as a ktor [Socket].
 *
 * ```kotlin
 * val echo = KtorHandler { socket -> socket.openReadChannel().copyTo(socket.openWriteChannel(autoFlush = true)) }
 * reactor.listenTcp(8007, Factory { KtorProtocol(reactor, echo) })
 * ```
 *
 * The socket's channels are pumped on the reactor's thread, straight from and to the connection; no other thread takes part. The end
 * of the peer's stream ends the read channel, and closing the write channel ends ours. The connection is closed when [handler]
 * returns and aborted when it throws. When the connection is lost, [handler] is cancelled; only after both sides have ended their
 * streams in an orderly way it goes on, and reads what is left.
 *
 * Thread: [Socket.close] and the channels may be used anywhere, everything else belongs to the reactor's thread.
 *
 * @throws IllegalArgumentException when [reactor] is of a foreign kind
 */
public class KtorProtocol(private val reactor: Reactor, private val handler: KtorHandler) :
    Protocol(),
    HalfCloseableProtocol {
    private lateinit var socket: TransportSocket

    override fun connectionMade() {
        val connection = transport as? HalfCloseableTransport
        socket = TransportSocket(reactor, checkNotNull(connection) { "$transport cannot end one side alone" })
        socket.handle(handler)
    }

    override fun dataReceived(view: ByteBuffer): Unit = socket.received(view)

    override fun readConnectionLost(): Unit = socket.inputEnded()

    override fun writeConnectionLost() {}

    override fun connectionLost(reason: CloseReason): Unit = socket.ended(reason)
}
