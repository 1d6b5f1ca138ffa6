// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.defer.Deferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.loop.reportFailure
import dev.torsion.net.CloseReason
import dev.torsion.net.DrainReport
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.net.Transport
import dev.torsion.spi.Acceptor
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.TorsionSpi
import java.io.IOException
import java.time.Duration

/**
 * Makes a connection of each channel that a port accepts, with a protocol of [factory], which is in use while the port is open.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public class FactoryAcceptor(private val loop: StreamLoop, private val factory: Factory, private val options: StreamOptions) : Acceptor {
    private val connections = LinkedHashSet<StreamTransport>()
    private val drains = ArrayList<PortDrain>(0)

    override val logName: String get() = factory.safeLogPrefix()

    override val isNoisy: Boolean get() = factory.isNoisy

    override fun opened(): Unit = factory.doStart()

    override fun accepted(channel: StreamChannel) {
        try {
            start(channel)
        } catch (e: IOException) {
            // The peer was gone before we looked: nobody's fault.
            channel.closeAfterFailure()
            log.with(mapOf(LogKeys.REACTOR to loop.name, LogKeys.FACTORY to logName))
                .debug("{factory}: a connection ended while it was accepted", e)
        } catch (e: Throwable) {
            channel.closeAfterFailure()
            loop.reportFailure(e) { "accepting a connection for $logName" }
        }
        loop.streams.batchEnded()
    }

    private fun start(channel: StreamChannel) {
        lateinit var transport: StreamTransport
        transport = StreamTransport.over(loop, channel, options) { ended(transport, it) }
        val protocol = protocolFor(transport) ?: return channel.close()
        connections.add(transport)
        try {
            transport.start(protocol)
        } catch (e: Throwable) {
            connections.remove(transport)
            throw e
        }
    }

    private fun ended(connection: StreamTransport, reason: CloseReason) {
        connections.remove(connection)
        drains.toList().forEach { it.connectionEnded(connection, reason) }
    }

    override fun drain(timeout: Duration): Deferred<DrainReport> {
        require(!timeout.isNegative) { "a timeout must not be negative, but $timeout was given" }
        val drain = PortDrain(loop, logName, connections, timeout, drains::remove)
        drains.add(drain)
        drain.begin()
        return drain.result
    }

    private fun protocolFor(transport: Transport): Protocol? = try {
        factory.buildProtocol(transport.peer())
    } catch (e: Throwable) {
        loop.reportFailure(e) { "buildProtocol of $logName" }
        null
    }

    override fun closed(): Unit = factory.doStop()

    override fun toString(): String = "FactoryAcceptor($logName)"

    private companion object {
        val log = Logger(ListeningPort::class.java)
    }
}

/** Closes what is of no use any more; that it cannot be closed either says nothing new. */
internal fun StreamChannel.closeAfterFailure() {
    try {
        close()
    } catch (_: IOException) {
        // It is gone all the same.
    }
}
