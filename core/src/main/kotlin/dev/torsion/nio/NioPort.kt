// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.clock.DelayedCall
import dev.torsion.defer.Deferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeMessage
import dev.torsion.loop.guarded
import dev.torsion.loop.reportFailure
import dev.torsion.net.Address
import dev.torsion.net.DrainReport
import dev.torsion.net.InternetAddress
import dev.torsion.net.ListeningPort
import dev.torsion.spi.Acceptor
import java.io.IOException
import java.nio.channels.SelectionKey
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.time.Duration
import java.util.concurrent.TimeUnit

/** A listening socket on the selector; after a stop it can be opened again. */
internal class NioPort(private val reactor: NioEngine, private val acceptor: Acceptor, private val place: ListeningPlace) :
    ListeningPort,
    Selectable {
    private lateinit var address: Address
    private lateinit var channel: ServerSocketChannel
    private var key: SelectionKey? = null
    private var pause: DelayedCall? = null

    // A descriptor to give up when there are none left: to report that may take one, if only to load a class.
    private lateinit var spare: SocketChannel
    private var isAcceptorOpen = false
    private var isClosing = false // until the operating system has closed what we have

    override fun host() = address

    override var isListening = false
        private set

    override fun startListening() {
        reactor.checkThread("startListening")
        reactor.checkTakesNew()
        check(!isListening) { "port $address is listening already" }
        check(!isClosing) { "port $address is not free yet: wait for the Deferred of stopListening" }
        open()
        isListening = true
        try {
            acceptor.opened()
            isAcceptorOpen = true
            if (isListening) accept() else closeAcceptor() // startFactory has stopped this port
        } catch (e: Throwable) { // from startFactory, it may be anything
            close()?.let(e::addSuppressed)
            if (isClosing) reactor.afterSelect { isClosing = false }
            throw if (e is IOException) place.cannotListen(e) else e
        }
    }

    /** Takes the descriptors before the factory hears of it. */
    private fun open() {
        val opened = place.open(reactor)
        try {
            spare = reactor.provider.openSocketChannel()
            address = place.addressOf(opened)
            channel = opened
        } catch (e: Throwable) {
            leavePlace()
            opened.close()
            throw if (e is IOException) place.cannotListen(e) else e
        }
    }

    // After the factory has started: a channel on the selector is free again only after the next select.
    private fun accept() {
        key = reactor.register(channel, SelectionKey.OP_ACCEPT, this)
        if (acceptor.isNoisy) log().info("{factory} is listening on {host}")
    }

    override fun ready(operations: Int) {
        repeat(reactor.acceptsPerTurn) {
            if (!isListening) return
            val accepted =
                try {
                    channel.accept() ?: return
                } catch (e: Throwable) {
                    return acceptFailed(e)
                }
            hand(accepted)
        }
    }

    private fun hand(accepted: SocketChannel) {
        val stream =
            try {
                place.stream(reactor, accepted)
            } catch (e: Throwable) {
                accepted.closeAfterFailure()
                // An error of the network: the peer was gone before we looked, which is nobody's fault.
                if (e is IOException) return log().debug("{factory} on {host}: a connection ended while it was accepted", e)
                return reactor.reportFailure(e) { "accepting a connection for ${acceptor.logName}" }
            }
        acceptor.accepted(stream)
    }

    // Most likely no file descriptor is free. Those who wait in the backlog can go on waiting: trying again at once would burn the CPU.
    private fun acceptFailed(e: Throwable) {
        pause =
            reactor.callLater(PAUSE_MILLIS, TimeUnit.MILLISECONDS) {
                if (isListening) resumeAccepting()
            }
        key?.interestOps(0) // whatever fails below, the loop must not spin, and the pause has an end
        reactor.guarded({ "closing the spare channel of $this" }) { spare.close() }
        if (e !is IOException) return reactor.reportFailure(e) { "accepting a connection at $this" }
        log().warn(
            "{factory} on {host} cannot accept a connection and pauses for {millis} ms: {reason}",
            "millis" to PAUSE_MILLIS,
            LogKeys.REASON to safeMessage(e),
        )
    }

    private fun resumeAccepting() {
        try {
            if (!spare.isOpen) spare = reactor.provider.openSocketChannel()
        } catch (e: Throwable) {
            return acceptFailed(e)
        }
        key?.interestOps(SelectionKey.OP_ACCEPT)
    }

    override fun stopListening(): Deferred<Unit> {
        reactor.checkThread("stopListening")
        val failure = close()
        val result = Deferred<Unit>()
        reactor.afterSelect {
            isClosing = false
            if (failure == null) result.callback(Unit) else result.errback(failure)
        }
        return result
    }

    override fun drain(timeout: Duration): Deferred<DrainReport> {
        require(!timeout.isNegative) { "a timeout must not be negative, but $timeout was given" }
        val result = Deferred<DrainReport>()
        val stopped = stopListening()
        acceptor.drain(timeout).addCallback { report ->
            stopped.addCallbacks({ if (!result.called) result.callback(report) }, { if (!result.called) result.errback(it) })
        }
        return result
    }

    override fun reactorStopped() {
        close()?.let { error -> reactor.reportFailure(error) { "stopFactory of ${acceptor.logName}" } }
    }

    /** Closes the port, and stops the factory; what that has thrown. */
    private fun close(): Throwable? {
        if (!isListening) return null
        isListening = false
        isClosing = key != null
        pause?.let { if (it.isActive) it.cancel() }
        key?.cancel()
        key = null
        leavePlace()
        reactor.guarded({ "closing $this" }) { channel.close() }
        reactor.guarded({ "closing the spare channel of $this" }) { spare.close() }
        if (!isAcceptorOpen) return null
        if (acceptor.isNoisy) log().info("{factory} has stopped listening on {host}")
        return try {
            closeAcceptor()
            null
        } catch (e: Throwable) {
            e
        }
    }

    private fun leavePlace() = reactor.guarded({ "leaving the place of ${acceptor.logName}" }, place::leave)

    private fun closeAcceptor() {
        isAcceptorOpen = false
        acceptor.closed()
    }

    private fun log() =
        LOG.with(mapOf(LogKeys.REACTOR to reactor.name, LogKeys.FACTORY to acceptor.logName, LogKeys.HOST to address.toString()))

    override fun toString() = "${place.kind}($address, ${if (isListening) "listening" else "closed"}, ${acceptor.logName})"

    private companion object {
        const val PAUSE_MILLIS = 1000L
        val LOG = Logger(ListeningPort::class.java)
    }
}
