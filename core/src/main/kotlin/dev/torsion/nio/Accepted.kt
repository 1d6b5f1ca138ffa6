// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.loop.reportFailure
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.net.TcpOptions
import dev.torsion.stream.StreamTransport
import java.io.IOException
import java.net.StandardSocketOptions
import java.nio.channels.SocketChannel

/** Makes a connection of [accepted], with a protocol of [factory], or closes it. On this reactor's thread. */
internal fun NioEngine.connected(
    accepted: SocketChannel,
    factory: Factory,
    options: TcpOptions,
) {
    try {
        accepted.prepare(options)
        val transport = StreamTransport.over(this, NioStream(this, accepted), options)
        val protocol = protocolFor(transport, factory)
        if (protocol == null) accepted.close() else transport.start(protocol)
    } catch (e: IOException) {
        // The peer was gone before we looked: nobody's fault.
        accepted.closeAfterFailure()
        log.with(mapOf(LogKeys.REACTOR to name, LogKeys.FACTORY to factory.safeLogPrefix()))
            .debug("{factory}: a connection ended while it was accepted", e)
    } catch (e: Throwable) {
        accepted.closeAfterFailure()
        reportFailure(e) { "accepting a connection for ${factory.safeLogPrefix()}" }
    }
    streams.batchEnded()
}

private fun NioEngine.protocolFor(
    transport: StreamTransport,
    factory: Factory,
): Protocol? =
    try {
        factory.buildProtocol(transport.peer())
    } catch (e: Throwable) {
        reportFailure(e) { "buildProtocol of ${factory.safeLogPrefix()}" }
        null
    }

/** Closes what is of no use any more; that it cannot be closed either says nothing new. */
internal fun SocketChannel.closeAfterFailure() {
    try {
        close()
    } catch (_: IOException) {
        // It is gone all the same.
    }
}

/** Makes a new connection's channel fit for the loop. */
internal fun SocketChannel.prepare(options: TcpOptions) {
    configureBlocking(false)
    if (options.tcpNoDelay) setOption(StandardSocketOptions.TCP_NODELAY, true)
    if (options.tcpKeepAlive) setOption(StandardSocketOptions.SO_KEEPALIVE, true)
}

private val log = Logger(ListeningPort::class.java)
