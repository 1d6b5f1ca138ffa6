// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor.nio

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import java.io.IOException
import java.net.StandardSocketOptions
import java.nio.channels.SocketChannel

/** Makes a connection of [accepted], with a protocol of [factory], or closes it. On this reactor's thread. */
internal fun NioReactor.connected(
    accepted: SocketChannel,
    factory: Factory,
    options: TcpOptions,
) {
    try {
        accepted.prepare(options)
        val transport = NioTransport(this, accepted, options, null)
        val protocol =
            try {
                factory.buildProtocol(transport.peer())
            } catch (e: Throwable) {
                reportError("buildProtocol of ${factory.logPrefix()} failed", e)
                null
            }
        if (protocol == null) accepted.close() else transport.start(protocol)
    } catch (e: IOException) {
        // The peer was gone before we looked: nobody's fault.
        log.with(mapOf(LogKeys.REACTOR to name, LogKeys.FACTORY to factory.logPrefix()))
            .debug("{factory}: a connection ended while it was accepted", e)
        accepted.close()
    }
    sendBatch()
}

/** Makes a new connection's channel fit for the loop. */
internal fun SocketChannel.prepare(options: TcpOptions) {
    configureBlocking(false)
    if (options.tcpNoDelay) setOption(StandardSocketOptions.TCP_NODELAY, true)
    if (options.tcpKeepAlive) setOption(StandardSocketOptions.SO_KEEPALIVE, true)
}

private val log = Logger(ListeningPort::class.java)
