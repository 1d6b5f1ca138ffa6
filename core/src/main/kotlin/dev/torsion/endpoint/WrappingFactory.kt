// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.Protocol
import dev.torsion.net.Transport
import java.nio.ByteBuffer

/**
 * A factory of protocols around those of [wrapped]; Twisted's `WrappingFactory` of `twisted.protocols.policies`.
 *
 * ```kotlin
 * class Counting(factory: Factory, val counter: LongAdder) : WrappingFactory(factory) {
 *     override fun wrapProtocol(protocol: Protocol) = object : ProtocolWrapper(protocol) {
 *         override fun dataReceived(view: ByteBuffer) {
 *             counter.add(view.remaining().toLong())
 *             super.dataReceived(view)
 *         }
 *     }
 * }
 * serverFromString(reactor, "tcp:8007").wrap { Counting(it, bytes) }.listen(factory)
 * ```
 *
 * Thread: the reactor's.
 *
 * @property wrapped the factory inside
 */
public abstract class WrappingFactory(public val wrapped: Factory) : Factory() {
    init {
        isNoisy = wrapped.isNoisy
    }

    /** The protocol around [protocol], which [wrapped] has just built. A [ProtocolWrapper] is one. */
    protected abstract fun wrapProtocol(protocol: Protocol): Protocol

    /** The default builds a protocol by [wrapped] and wraps it; null when that has none. */
    override fun buildProtocol(address: Address): Protocol? =
        wrapped.buildProtocol(address)?.let { inner -> wrapProtocol(inner).also { it.factory = this } }

    override fun startFactory(): Unit = wrapped.doStart()

    override fun stopFactory(): Unit = wrapped.doStop()

    override fun logPrefix(): String = wrapped.logPrefix()
}

/**
 * A protocol around another one; Twisted's `ProtocolWrapper`. It passes all calls on. Override a method to do otherwise.
 *
 * When it is told of a connection, so is [wrapped]. To do something before that, such as a handshake, override [connectionMade] and call
 * [connectWrapped] later; received bytes are yours until then. To pass on the end of the peer's half, let the subclass be a
 * [HalfCloseableProtocol][dev.torsion.net.HalfCloseableProtocol]: transports ask the outer protocol only.
 *
 * Thread: the reactor's.
 *
 * @property wrapped the protocol inside
 */
public abstract class ProtocolWrapper(public val wrapped: Protocol) : Protocol() {
    private var isWrappedConnected = false

    /** The default connects [wrapped] at once. */
    override fun connectionMade(): Unit = connectWrapped()

    /** Tells [wrapped] that it is connected, by [connection]. Call it once. */
    protected fun connectWrapped(connection: Transport = transport) {
        check(!isWrappedConnected) { "$wrapped is connected already" }
        isWrappedConnected = true
        wrapped.makeConnection(connection)
    }

    override fun dataReceived(view: ByteBuffer) {
        check(isWrappedConnected) { "data for $wrapped, which is not connected yet" }
        wrapped.dataReceived(view)
    }

    override fun dataReceived(data: ByteArray): Unit = dataReceived(ByteBuffer.wrap(data).asReadOnlyBuffer())

    override fun receiveLimit(): Int = wrapped.receiveLimit()

    override fun expectsBytes(): Boolean = wrapped.expectsBytes()

    override fun tlsBegins() {
        if (isWrappedConnected) wrapped.tlsBegins()
    }

    override fun connectionLost(reason: CloseReason) {
        if (isWrappedConnected) wrapped.endConnection(reason)
    }

    override fun logPrefix(): String = wrapped.logPrefix()
}
