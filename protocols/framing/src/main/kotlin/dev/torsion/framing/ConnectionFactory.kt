// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.clock.Clock
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Protocol
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicInteger

/** Hears of each new [MessageConnection]: for callbacks and for Java. */
public fun interface MessageConnectionHandler<T : Any> {
    /**
     * The connection is established. Set [MessageConnection.onMessage] here, or keep the connection. An exception aborts it and is
     * reported.
     *
     * Thread: the reactor's; do not block.
     */
    @Throws(Exception::class)
    public fun connected(connection: MessageConnection<T>)
}

/**
 * Makes a [MessageConnection] of each connection that a port accepts. It is for callbacks; [serve] is for coroutines.
 *
 * ```kotlin
 * reactor.listenTcp(8007, ConnectionFactory(reactor, LineCodec()) { c -> c.onMessage { line -> c.write(line.uppercase()) } })
 * ```
 *
 * For a [ReactorGroup][dev.torsion.group.ReactorGroup] see [ConnectionFactories].
 *
 * @param clock measures idle time: the reactor
 * @param handler hears of each connection
 * @throws IllegalArgumentException when [options] have a [transport][ConnectionOptions.transport], which the port or the endpoint would not hear of
 */
public class ConnectionFactory<T : Any> internal constructor(
    private val clock: Clock,
    private val codec: Codec<T>,
    private val options: ConnectionOptions,
    private val isServed: Boolean,
    private val all: AtomicInteger = AtomicInteger(),
    private val handler: MessageConnectionHandler<T>,
) : Factory() {
    @JvmOverloads
    public constructor(
        clock: Clock,
        codec: Codec<T>,
        options: ConnectionOptions = ConnectionOptions.DEFAULT,
        handler: MessageConnectionHandler<T>,
    ) : this(clock, codec, options, isServed = false, handler = handler)

    init {
        options.refuseTransport()
    }

    /** How many connections are open now. */
    public var connectionCount: Int = 0
        private set

    /** Null when there are [ConnectionOptions.maxConnections] already. The protocol counts as one of them until its connection is lost. */
    override fun buildProtocol(address: Address): Protocol? {
        // Counted at once: the other factories of a group, on their threads, are about to do the same.
        if (all.incrementAndGet() <= options.maxConnections) return Messages()
        all.decrementAndGet()
        log.warn(
            "{factory}: a connection from {peer} is closed: there are {limit} already, the limit",
            LogKeys.FACTORY to logPrefix(),
            LogKeys.PEER to address.toString(),
            "limit" to options.maxConnections,
        )
        return null
    }

    /** [ConnectionOptions.name], or the name of this class. */
    override fun logPrefix(): String = options.name ?: super.logPrefix()

    override fun toString(): String = "${options.name ?: "ConnectionFactory"}($codec, $connectionCount connections)"

    private inner class Messages :
        Protocol(),
        HalfCloseableProtocol {
        private var connection: CodecConnection<T>? = null // null if it could not be made

        override fun connectionMade() {
            connectionCount++
            handler.connected(CodecConnection(transport, codec, options, clock, isServed).also { connection = it })
        }

        override fun dataReceived(view: ByteBuffer) = connection!!.feed(view)

        override fun receiveLimit() = connection?.receiveLimit() ?: 1

        override fun expectsBytes() = connection?.expectsBytes() ?: false

        override fun readConnectionLost() = connection!!.peerEnded()

        override fun writeConnectionLost() {}

        override fun tlsBegins() {
            connection?.tlsBegins()
        }

        override fun connectionLost(reason: CloseReason) {
            connectionCount--
            all.decrementAndGet()
            connection?.lost(reason)
        }
    }

    private companion object {
        val log = Logger(ConnectionFactory::class.java)
    }
}
