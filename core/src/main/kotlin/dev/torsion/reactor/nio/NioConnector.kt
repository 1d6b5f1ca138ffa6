// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor.nio

import dev.torsion.clock.DelayedCall
import dev.torsion.defer.Failure
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectException
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.Connector
import dev.torsion.net.Connector.State
import dev.torsion.net.DnsLookupException
import dev.torsion.net.HostResolver
import dev.torsion.net.TcpOptions
import org.slf4j.event.Level
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel
import java.time.Duration
import java.util.concurrent.TimeUnit

/** A TCP client's attempts: looks the host up, tries its addresses one after the other, hands the connection to the factory's protocol. */
internal class NioConnector(
    private val reactor: NioReactor,
    private val host: String,
    private val port: Int,
    private val factory: ClientFactory,
    private val timeout: Duration,
    private val bindAddress: String?,
    private val options: TcpOptions,
) : Connector {
    override val destination = if (':' in host) "[$host]:$port" else "$host:$port"

    override var state = State.DISCONNECTED
        private set

    private var factoryStarted = false
    private var attempt: Attempt? = null
    private var transport: NioTransport? = null

    override fun connect() {
        reactor.checkThread("connect")
        check(state == State.DISCONNECTED) { "cannot connect to $destination again while ${state.name.lowercase()}" }
        state = State.CONNECTING
        if (!factoryStarted) {
            factory.doStart()
            factoryStarted = true
        }
        attempt = Attempt().also { it.begin() }
        reactor.guarded({ "startedConnecting of ${factory.logPrefix()}" }) { factory.startedConnecting(this) }
    }

    override fun stopConnecting() {
        reactor.checkThread("stopConnecting")
        check(state == State.CONNECTING) { "cannot stop connecting to $destination while ${state.name.lowercase()}" }
        attempt!!.fail(ConnectingCancelledException(destination))
    }

    override fun disconnect() {
        when (state) {
            State.CONNECTING -> stopConnecting()
            State.CONNECTED -> transport!!.loseConnection()
            State.DISCONNECTED -> Unit
        }
    }

    private fun established(channel: SocketChannel) {
        channel.prepare(options)
        val connection =
            NioTransport(reactor, channel, options) { reason ->
                disconnected { factory.clientConnectionLost(this, reason) }
            }
        val protocol = factory.buildProtocol(connection.peer())
        attempt = null
        state = State.CONNECTED
        transport = connection
        if (protocol == null) {
            connection.start(NoProtocol)
            connection.loseConnection()
        } else {
            connection.start(protocol)
            reactor.guarded({ "clientConnectionMade of ${factory.logPrefix()}" }) { factory.clientConnectionMade(this, protocol) }
        }
    }

    private fun failed(reason: ConnectException) {
        log.at(Level.DEBUG)
            .with(LogKeys.REACTOR, reactor.name)
            .with(LogKeys.DESTINATION, destination)
            .with(LogKeys.REASON, reason.message)
            .log("Could not connect to {destination}: {reason}")
        disconnected { factory.clientConnectionFailed(this, reason) }
    }

    /** The factory hears it and may connect again; if it does not, this connector needs it no more. */
    private fun disconnected(tell: () -> Unit) {
        attempt = null
        transport = null
        state = State.DISCONNECTED
        reactor.guarded({ "telling ${factory.logPrefix()} of $this" }, tell)
        if (state == State.DISCONNECTED && factoryStarted) {
            factoryStarted = false
            factory.doStop()
        }
    }

    override fun toString() = "Connector($destination, ${state.name.lowercase()})"

    /** One attempt, over all addresses of the host. */
    private inner class Attempt : Selectable {
        private val timer: DelayedCall =
            reactor.callLater(timeout.toNanos(), TimeUnit.NANOSECONDS) { fail(ConnectTimeoutException(destination, timeout)) }
        private var addresses = ArrayDeque<InetAddress>()
        private var channel: SocketChannel? = null
        private var key: SelectionKey? = null
        private var finished = false

        fun begin() {
            reactor.attempts.add(this)
            val literal = HostResolver.literal(host)
            if (literal != null) {
                addresses.addAll(literal)
                reactor.runSoon(::tryNext) // never inside connect(): the caller has not got the connector yet
            } else {
                reactor.lookUp(host).addBoth { outcome ->
                    if (outcome is Failure) {
                        fail(DnsLookupException(host, destination, outcome.value))
                    } else {
                        addresses.addAll(outcome.get())
                        tryNext()
                    }
                }
            }
        }

        private fun tryNext() {
            if (finished) return
            val address = addresses.removeFirstOrNull() ?: return fail(DnsLookupException(host, destination))
            try {
                val opened = reactor.provider.openSocketChannel().also { channel = it }
                opened.configureBlocking(false)
                bindAddress?.let { opened.bind(InetSocketAddress(it, 0)) }
                if (opened.connect(InetSocketAddress(address, port))) {
                    succeed(opened)
                } else {
                    key = reactor.register(opened, SelectionKey.OP_CONNECT, this)
                }
            } catch (e: IOException) {
                addressFailed(e)
            }
        }

        override fun ready(operations: Int) {
            val opened = channel!!
            try {
                if (opened.finishConnect()) succeed(opened)
            } catch (e: IOException) {
                addressFailed(e)
            }
        }

        private fun succeed(opened: SocketChannel) {
            end()
            try {
                established(opened)
            } catch (e: Throwable) {
                reactor.reportError("building a protocol for $destination", e)
                opened.close()
                failed(ConnectException("Connection to $destination could not be used: ${e.message}", destination, e))
            }
        }

        private fun addressFailed(e: IOException) {
            closeChannel()
            if (addresses.isNotEmpty()) return tryNext()
            fail(
                when (e) {
                    is java.net.ConnectException -> ConnectionRefusedException(destination, e)
                    else -> ConnectException("Connection to $destination failed: ${e.message}.", destination, e)
                },
            )
        }

        fun fail(reason: ConnectException) {
            if (finished) return
            end()
            closeChannel()
            failed(reason)
        }

        private fun end() {
            finished = true
            reactor.attempts.remove(this)
            if (timer.isActive) timer.cancel()
        }

        private fun closeChannel() {
            key?.cancel()
            channel?.close()
            key = null
            channel = null
        }

        override fun reactorStopped() = fail(ConnectingCancelledException(destination))

        override fun toString() = "connecting to $destination"
    }
}

private val log = Logger(Connector::class.java)

/** Stands in when a factory has no protocol for a connection, which is then closed at once. */
private object NoProtocol : dev.torsion.net.Protocol()
