// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.tls.TlsServerOptions

/** A proxy that makes tunnels to the ports of one machine, and keeps the heads that it has got. With [tls] it is spoken to over TLS. */
internal class MemoryProxy(
    private val reactor: Reactor,
    private val answer: String = "HTTP/1.1 200 Connection established\r\n\r\n",
    tls: TlsServerOptions? = null,
) {
    val heads = ArrayList<String>()
    val port = Factory { Side() }.let { reactor.listenTcp(0, tls?.wrap(it) ?: it, "127.0.0.1") }

    private inner class Side : Protocol() {
        private var head = ""
        private var other: Protocol? = null
        private var isOver = false

        override fun dataReceived(data: ByteArray) {
            other?.let { if (it.isConnected) return it.transport.write(data) }
            head += data.toString(Charsets.ISO_8859_1)
            if (!head.endsWith("\r\n\r\n")) return
            heads.add(head)
            val port = head.substringBefore(" HTTP").substringAfterLast(':').toInt()
            reactor.connectTcp("127.0.0.1", port, ClientFactory { Back(this) })
        }

        fun opened(back: Protocol) {
            if (isOver) return back.transport.loseConnection()
            other = back
            transport.write(answer.toByteArray(Charsets.ISO_8859_1))
        }

        override fun connectionLost(reason: CloseReason) {
            isOver = true
            other?.let { if (it.isConnected) it.transport.loseConnection() }
        }
    }

    private class Back(private val front: Side) : Protocol() {
        override fun connectionMade() = front.opened(this)

        override fun dataReceived(data: ByteArray) {
            if (front.isConnected) front.transport.write(data)
        }

        override fun connectionLost(reason: CloseReason) {
            if (front.isConnected) front.transport.loseConnection()
        }
    }
}
