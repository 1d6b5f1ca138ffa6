// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.clock.Clock
import dev.torsion.net.Address
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.InternetAddress
import dev.torsion.net.Protocol
import dev.torsion.net.ProtocolViolationException
import dev.torsion.net.TimeoutMixin
import dev.torsion.net.Transport
import dev.torsion.net.UnixAddress
import java.nio.ByteBuffer
import java.time.Duration

/**
 * The PROXY protocol, versions 1 and 2, on both sides; Twisted's `twisted.protocols.haproxy`. Wrap an endpoint with it, nearest to the
 * connection, or put `haproxy:` before its string.
 *
 * ```kotlin
 * serverFromString(reactor, "tcp:8007").wrap(ProxyProtocol.receiving(reactor)).listen(factory)
 * ```
 *
 * A server that asks for the header believes whoever connects. So let only the proxy reach its port.
 */
public object ProxyProtocol {
    /** How long a proxy may take for its header, unless said otherwise: 10 s. */
    @JvmField
    public val DEFAULT_TIMEOUT: Duration = Duration.ofSeconds(10)

    /** The most bytes of a header of version 2, unless said otherwise: 16 KiB. One of version 1 has 107 at most. */
    public const val DEFAULT_LIMIT: Int = 16 * 1024

    /**
     * Demands a header at the begin of each connection. The factory inside hears of the connection after that: `buildProtocol` gets the
     * client's address, and the protocol's transport is a [ProxiedTransport].
     *
     * A connection without a header, or with a wrong one, is aborted with a [ProtocolViolationException]. So is one whose header is not
     * whole after [timeout], or has more than [limit] bytes. A proxy that closes before its header, as for a check of health, is no error.
     *
     * @param clock the reactor
     * @throws IllegalArgumentException when [timeout] or [limit] is too small
     */
    @JvmStatic
    @JvmOverloads
    public fun receiving(clock: Clock, timeout: Duration = DEFAULT_TIMEOUT, limit: Int = DEFAULT_LIMIT): FactoryWrapper {
        require(!timeout.isNegative && !timeout.isZero) { "a timeout must be positive, but $timeout was given" }
        require(limit >= SMALLEST_LIMIT) { "a limit of $limit bytes is too small: a header with paths has $SMALLEST_LIMIT" }
        return FactoryWrapper { ReceivingFactory(it, clock, timeout, limit) }
    }

    /** Sends [header] at the begin of each connection: what a proxy does that knows its client. */
    @JvmStatic
    public fun sending(header: ProxyHeader): FactoryWrapper {
        val bytes = header.toBytes()
        return FactoryWrapper { factory -> SendingFactory(factory) { bytes } }
    }

    /**
     * Sends a header of [version] at the begin of each connection, with the addresses of the connection itself.
     *
     * @throws IllegalArgumentException when there is no such version
     */
    @JvmStatic
    @JvmOverloads
    public fun sending(version: Int = 2): FactoryWrapper {
        require(version in 1..2) { "the PROXY protocol has the versions 1 and 2, but $version was given" }
        return FactoryWrapper { factory -> SendingFactory(factory) { ownHeader(it, version).toBytes() } }
    }

    private fun ownHeader(transport: Transport, version: Int): ProxyHeader {
        val isKnown = transport.host() is InternetAddress || (version == 2 && transport.host() is UnixAddress)
        return if (isKnown) ProxyHeader(version, transport.host(), transport.peer()) else ProxyHeader(version, null, null)
    }

    private const val SMALLEST_LIMIT = 16 + 2 * 108
}

private class SendingFactory(factory: Factory, private val header: (Transport) -> ByteArray) : WrappingFactory(factory) {
    override fun wrapProtocol(protocol: Protocol): Protocol = Sending(protocol)

    private inner class Sending(protocol: Protocol) : ProtocolWrapper(protocol) {
        override val halves: HalfCloseableProtocol? get() = wrapped.halves

        override fun connectionMade() {
            transport.write(header(transport))
            connectWrapped()
        }
    }
}

/** Not a [WrappingFactory], since the protocol inside is built later. */
private class ReceivingFactory(
    private val wrapped: Factory,
    private val clock: Clock,
    private val timeout: Duration,
    private val limit: Int,
) : Factory() {
    init {
        isNoisy = wrapped.isNoisy
    }

    override fun startFactory() = wrapped.doStart()

    override fun stopFactory() = wrapped.doStop()

    override fun logPrefix() = wrapped.safeLogPrefix()

    override fun buildProtocol(address: Address): Protocol = Receiving()

    private inner class Receiving : Protocol() {
        private val reader = ProxyHeaderReader(limit)
        private var inner: Protocol? = null
        private val deadline = TimeoutMixin(this, clock) {
            violated(ProtocolViolationException("No whole PROXY header has come within ${timeout.toMillis()} ms."))
        }

        /** Before the header its end is the connection's. */
        override val halves: HalfCloseableProtocol? get() = inner?.halves

        override fun connectionMade() {
            deadline.setTimeout(timeout)
        }

        override fun receiveLimit() = inner?.receiveLimit() ?: reader.wanted

        override fun expectsBytes() = inner?.expectsBytes() ?: true

        override fun tlsBegins() {
            inner?.tlsBegins()
        }

        override fun dataReceived(view: ByteBuffer) {
            val protocol = inner ?: try {
                val header = reader.feed(view) ?: return
                begin(header) ?: return
            } catch (e: ProtocolViolationException) {
                return violated(e)
            }
            if (view.hasRemaining() && !transport.isDisconnecting) protocol.dataReceived(view)
        }

        private fun violated(error: ProtocolViolationException) = transport.abortConnection(error)

        private fun begin(header: ProxyHeader): Protocol? {
            deadline.setTimeout(null)
            val seen = proxied(transport, header)
            val protocol = wrapped.buildProtocol(seen.peer())
            if (protocol == null) {
                transport.loseConnection()
                return null
            }
            inner = protocol
            protocol.makeConnection(seen)
            return protocol
        }

        override fun connectionLost(reason: CloseReason) {
            inner?.endConnection(reason)
        }

        override fun logPrefix() = inner?.logPrefix() ?: "the PROXY header for ${wrapped.safeLogPrefix()}"
    }
}
