// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.safeText
import dev.torsion.log.simpleName
import java.nio.ByteBuffer

/**
 * The program's side of one connection; Twisted's `Protocol`. Subclass it, override the methods that you need, and let a [Factory] make
 * one for each connection.
 *
 * ```kotlin
 * class Echo : Protocol() {
 *     override fun dataReceived(data: ByteArray) = transport.write(data)
 * }
 * reactor.listenTcp(8007, Factory { Echo() })
 * ```
 *
 * Thread: all methods are called on the reactor's thread. So a protocol needs no locks, and must not block. An exception of a method is
 * reported, and the connection is aborted with it as the cause. The reactor lives on.
 */
public abstract class Protocol {
    private var currentTransport: Transport? = null
    private var ended: ((CloseReason) -> Unit)? = null
    private var made: (() -> Unit)? = null
    private var timeouts: TimeoutMixin? = null

    /**
     * The connection, from [connectionMade] on; it stays readable after [connectionLost].
     *
     * @throws IllegalStateException before the connection is made
     */
    public val transport: Transport
        @JvmName("transport")
        get() = currentTransport ?: error("${simpleName(javaClass, "Protocol")} has no transport before its connection is made")

    /** True between [connectionMade] and [connectionLost]. */
    public var isConnected: Boolean = false
        private set

    /** The factory that built this protocol, when it was built by [Factory.buildProtocol]'s default. */
    public open var factory: Factory? = null

    /** Binds this protocol to [transport] and calls [connectionMade]. For transports and tests; users override [connectionMade]. */
    public open fun makeConnection(transport: Transport) {
        currentTransport = transport
        isConnected = true
        forTimeouts { it.begin() }
        connectionMade()
        made?.let {
            made = null
            it()
        }
    }

    /** Marks this protocol as disconnected and calls [connectionLost]. For transports and tests. */
    public open fun endConnection(reason: CloseReason) {
        isConnected = false
        forTimeouts { it.end() }
        try {
            connectionLost(reason)
        } finally {
            ended?.invoke(reason)
        }
    }

    /** The protocol that hears of the end of each half of the connection; null when nobody does. */
    @get:JvmSynthetic
    internal open val halves: HalfCloseableProtocol? get() = this as? HalfCloseableProtocol

    /** Tells [listener], in place of any other, when [connectionMade] has returned for the first time. */
    @JvmSynthetic
    internal fun whenMade(listener: () -> Unit) {
        made = listener
    }

    /** Tells [listener], in place of any other, when the connection has ended and [connectionLost] has heard so. */
    @JvmSynthetic
    internal fun whenEnded(listener: (CloseReason) -> Unit) {
        ended = listener
    }

    /** From now on [timeout] ends with this protocol's connection. Gives the one that was added before it. */
    @JvmSynthetic
    internal fun addTimeout(timeout: TimeoutMixin): TimeoutMixin? = timeouts.also { timeouts = timeout }

    private inline fun forTimeouts(action: (TimeoutMixin) -> Unit) {
        var timeout = timeouts
        while (timeout != null) {
            action(timeout)
            timeout = timeout.next
        }
    }

    /** The connection is established. */
    protected open fun connectionMade() {}

    /**
     * Bytes arrived: any number of them, however the peer wrote them. The array is yours.
     *
     * Test protocols with chunks of every size, down to one byte at a time. The testkit does it for you.
     */
    public open fun dataReceived(data: ByteArray) {}

    /**
     * The same without a copy: a read-only view of the reactor's own buffer, **valid only during this call**. Override this method where
     * every copy counts. The default copies the bytes and calls the other [dataReceived].
     */
    public open fun dataReceived(view: ByteBuffer) {
        val data = ByteArray(view.remaining())
        view.get(data)
        dataReceived(data)
    }

    /**
     * The most bytes that the next [dataReceived] may bring. The transport asks before each read. Bytes that are not read stay with the
     * operating system and slow the peer down. Override it in a protocol that must keep bytes which it cannot handle yet. A transport that
     * has the bytes already may bring more. The default is as many as the reactor reads at once, up to 256 KiB.
     *
     * Less than 1 counts as 1: to read nothing, call [Transport.pauseProducing].
     */
    public open fun receiveLimit(): Int = Int.MAX_VALUE

    /**
     * Whether the peer is to send now. False while it may be silent, as between two requests: then it is not too slow for
     * [StreamOptions.minimumRate], which asks after each [dataReceived] and from time to time. The default is true. A connection that is drained while a
     * producer is registered goes on reading when this is true.
     */
    public open fun expectsBytes(): Boolean = true

    /**
     * The connection is about to be encrypted from here on (STARTTLS). Bytes that were received and that this protocol still keeps have come in
     * the clear, maybe from somebody who sits between and wants them to look as if they had come encrypted. A protocol that keeps such
     * bytes ends the connection. The default does nothing.
     */
    public open fun tlsBegins() {}

    /** The connection is gone. No further method is called. */
    protected open fun connectionLost(reason: CloseReason) {}

    /** The name of this protocol in the log and in messages to error listeners: the name of its class, unless overridden. */
    public open fun logPrefix(): String = simpleName(javaClass, "Protocol")

    override fun toString(): String = "${safeText(this, "logPrefix") { logPrefix() }}(${currentTransport ?: "not connected"})"
}

/**
 * A protocol that hears of the end of each half of its connection; Twisted's `IHalfCloseableProtocol`.
 *
 * Such a protocol ends its connection itself. Even when both halves are closed, the connection is there until the protocol calls
 * [Transport.loseConnection].
 *
 * ```kotlin
 * class Answers : Protocol(), HalfCloseableProtocol {
 *     override fun readConnectionLost() = transport.loseConnection() // all questions have come: send what is left, then close
 *
 *     override fun writeConnectionLost() {}
 * }
 * ```
 *
 * Thread: the reactor's.
 */
public interface HalfCloseableProtocol {
    /** The peer will send no more; we can still write. */
    public fun readConnectionLost()

    /** Our half is closed after `loseWriteConnection`; the peer can still write. */
    public fun writeConnectionLost()
}
