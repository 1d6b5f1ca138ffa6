// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor.nio

import dev.torsion.clock.DelayedCall
import dev.torsion.defer.Deferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.CannotListenException
import dev.torsion.net.Factory
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.net.TcpOptions
import dev.torsion.net.hostAndPort
import dev.torsion.reactor.guarded
import java.io.IOException
import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardProtocolFamily
import java.net.StandardSocketOptions
import java.net.UnknownHostException
import java.nio.channels.SelectionKey
import java.nio.channels.ServerSocketChannel
import java.util.concurrent.TimeUnit

/** A listening TCP socket on the selector. */
internal class NioPort private constructor(
    private val reactor: NioReactor,
    private val factory: Factory,
    private val channel: ServerSocketChannel,
    private val options: TcpOptions,
) : ListeningPort,
    Selectable {
    private val address = InternetAddress.of(channel.localAddress)
    private val log by lazy {
        Logger(ListeningPort::class.java).with(
            mapOf(LogKeys.REACTOR to reactor.name, LogKeys.FACTORY to factory.safeLogPrefix(), LogKeys.HOST to address.toString()),
        )
    }
    private val key = reactor.register(channel, SelectionKey.OP_ACCEPT, this)
    private var pause: DelayedCall? = null

    // A descriptor to give up when there are none left: to report that may take one, if only to load a class.
    private var spare = reactor.provider.openSocketChannel()
    private var closed: Deferred<Unit>? = null

    override fun host() = address

    override var isListening = true
        private set

    override fun ready(operations: Int) {
        repeat(reactor.acceptsPerTurn) {
            if (!isListening) return
            val accepted =
                try {
                    channel.accept() ?: return
                } catch (e: IOException) {
                    return acceptFailed(e)
                }
            if (factory is SharedFactory) factory.share(accepted, options) else reactor.connected(accepted, factory, options)
        }
    }

    private fun opened() {
        if (factory.isNoisy) log.info("{factory} is listening on {host}")
    }

    // Most likely no file descriptor is free. Those who wait in the backlog can go on waiting: trying again at once would burn the CPU.
    private fun acceptFailed(e: IOException) {
        key.interestOps(0) // first of all: whatever fails below, the loop must not spin
        spare.close()
        pause =
            reactor.callLater(PAUSE_MILLIS, TimeUnit.MILLISECONDS) {
                if (isListening) resumeAccepting()
            }
        log.warn(
            "{factory} on {host} cannot accept a connection and pauses for {millis} ms: {reason}",
            "millis" to PAUSE_MILLIS,
            LogKeys.REASON to e.message,
        )
    }

    private fun resumeAccepting() {
        try {
            if (!spare.isOpen) spare = reactor.provider.openSocketChannel()
        } catch (e: IOException) {
            return acceptFailed(e)
        }
        key.interestOps(SelectionKey.OP_ACCEPT)
    }

    override fun stopListening(): Deferred<Unit> {
        reactor.checkThread("stopListening")
        val result = Deferred<Unit>()
        close { result.callback(Unit) }
        return result
    }

    override fun reactorStopped() = close {}

    private fun close(freed: () -> Unit) {
        if (isListening) {
            isListening = false
            if (factory.isNoisy) log.info("{factory} has stopped listening on {host}")
            pause?.let { if (it.isActive) it.cancel() }
            key.cancel()
            reactor.guarded({ "closing $this" }) { channel.close() }
            reactor.guarded({ "closing the spare channel of $this" }) { spare.close() }
            reactor.guarded({ "stopFactory of ${factory.safeLogPrefix()}" }) { factory.doStop() }
        }
        reactor.afterSelect(freed)
    }

    override fun toString() = "TcpPort($address, ${if (isListening) "listening" else "closed"}, ${factory.safeLogPrefix()})"

    companion object {
        private const val PAUSE_MILLIS = 1000L

        fun open(
            reactor: NioReactor,
            factory: Factory,
            port: Int,
            networkInterface: String,
            backlog: Int,
            options: TcpOptions,
        ): NioPort {
            var channel: ServerSocketChannel? = null
            try {
                val local = if (networkInterface.isEmpty()) InetSocketAddress(port) else localAddress(networkInterface, port)
                val opened = if (networkInterface.isEmpty()) reactor.provider.openServerSocketChannel() else reactor.open(local.address)
                channel = opened
                opened.configureBlocking(false)
                opened.setOption(StandardSocketOptions.SO_REUSEADDR, true)
                opened.bind(local, backlog)
                factory.doStart()
                return NioPort(reactor, factory, opened, options).also { it.opened() }
            } catch (e: Throwable) { // from startFactory, it may be anything
                channel?.close()
                throw if (e is IOException || e is UnsupportedOperationException) {
                    CannotListenException(hostAndPort(networkInterface.ifEmpty { "*" }, port), e)
                } else {
                    e
                }
            }
        }

        // A channel of no family in particular would take 0.0.0.0 for all addresses, those of IPv6 too.
        private fun NioReactor.open(address: InetAddress) =
            provider.openServerSocketChannel(if (address is Inet6Address) StandardProtocolFamily.INET6 else StandardProtocolFamily.INET)

        private fun localAddress(
            name: String,
            port: Int,
        ): InetSocketAddress =
            try {
                InetSocketAddress(InetAddress.getByName(name), port)
            } catch (e: UnknownHostException) {
                throw UnknownHostException("unknown interface \"$name\"").initCause(e)
            }
    }
}
