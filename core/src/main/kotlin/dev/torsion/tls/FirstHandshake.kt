// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult.HandshakeStatus

/**
 * The first handshake of a program loads and starts most of the JDK's TLS, which takes as long as hundreds of later ones. So the very first one
 * is made in memory, on another thread than the loop's, and with nobody.
 *
 * Thread: any. Others that need it meanwhile wait for it.
 */
internal object FirstHandshake {
    /** Whether there is nothing left to do. */
    @Volatile
    var isMade = false
        private set

    private val first = lazy {
        try {
            make()
        } catch (_: Throwable) {
            // A JDK without what is tried here, or no memory: the handshake of a connection will say so.
        } finally {
            isMade = true
        }
    }

    /** Takes the time that it takes, once; and throws nothing. */
    fun await() = first.value

    private fun make() {
        val identity = TlsIdentity.selfSigned("localhost")
        for (version in TlsSettings.VERSIONS) {
            val server = Tls.server(identity).withVersions(version).withApplicationProtocols("first")
            val client = Tls.client().withTrust(TlsTrust.of(identity)).withVersions(version).withApplicationProtocols("first")
            connect(ServerParty(server).engine()!!, ClientParty(client, "localhost", NO_PORT).engine())
        }
        TlsTrust.system().manager // which reads the authorities of the JDK
    }

    private fun connect(server: SSLEngine, client: SSLEngine) {
        val toServer = Pipe(client, server)
        val toClient = Pipe(server, client)
        repeat(MOST_STEPS) {
            toServer.pass()
            toClient.pass()
            if (client.isOutboundDone) return
            if (client.handshakeStatus == NOT_HANDSHAKING && server.handshakeStatus == NOT_HANDSHAKING &&
                toClient.passed > 0
            ) {
                client.closeOutbound()
            }
        }
    }

    /** The bytes that [from] sends to [to]. */
    private class Pipe(private val from: SSLEngine, private val to: SSLEngine) {
        private val wire = ByteBuffer.allocate(2 * from.session.packetBufferSize)
        private val plain = ByteBuffer.allocate(to.session.applicationBufferSize)
        private val data = ByteBuffer.wrap(byteArrayOf(1))

        /** Bytes of the program that have come through. */
        var passed = 0
            private set

        fun pass() {
            runTasks(from)
            from.wrap(data, wire)
            wire.flip()
            while (wire.hasRemaining()) {
                val before = wire.remaining()
                to.unwrap(wire, plain.clear())
                passed += plain.position()
                runTasks(to)
                if (wire.remaining() == before) break
            }
            wire.compact()
        }

        private fun runTasks(engine: SSLEngine) {
            while (true) (engine.delegatedTask ?: return).run()
        }
    }

    private val NOT_HANDSHAKING = HandshakeStatus.NOT_HANDSHAKING
    private const val NO_PORT = -1
    private const val MOST_STEPS = 100
}
