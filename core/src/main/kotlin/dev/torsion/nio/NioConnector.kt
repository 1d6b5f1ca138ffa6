// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeMessage
import dev.torsion.loop.guarded
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectException
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.Connector
import dev.torsion.net.Connector.State
import dev.torsion.stream.StreamTransport
import java.nio.channels.SocketChannel
import org.slf4j.event.Level

/**
 * A TCP client's attempts, one at a time; hands the connection to the factory's protocol.
 *
 * A user's callback may stop it at any moment. Until the protocol has its transport the state is CONNECTING, and a connection that is
 * there by then is given up unseen; from then on it is CONNECTED, and stopping means to lose the connection.
 */
internal class NioConnector(
    private val reactor: NioEngine,
    private val target: NioTarget,
    private val factory: ClientFactory,
) : Connector {
    override val destination = target.toString()

    override var state = State.DISCONNECTED
        private set

    private var factoryStarted = false
    private var wasRefused = false
    private var attempt: NioAttempt? = null
    private var transport: StreamTransport? = null
    private var isGivenUp = false // while there is no attempt to stop: in startFactory and buildProtocol

    override fun connect() {
        reactor.checkThread("connect")
        check(state == State.DISCONNECTED) { "cannot connect to $destination again while ${state.name.lowercase()}" }
        if (reactor.isEnding && isRefused()) return
        state = State.CONNECTING
        isGivenUp = false
        startFactory()
        val begun = NioAttempt(reactor, target, ::connected, ::failed)
        attempt = begun
        begun.begin()
        if (isGivenUp) begun.fail(ConnectingCancelledException(destination))
        if (attempt !== begun) return
        reactor.guarded({ "startedConnecting of ${factory.safeLogPrefix()}" }) { factory.startedConnecting(this) }
    }

    private fun startFactory() {
        if (factoryStarted) return
        try {
            factory.doStart()
            factoryStarted = true
        } catch (e: Throwable) {
            state = State.DISCONNECTED
            throw e
        }
    }

    /** A reactor that is ending fails the attempt. The factory hears that once, for it may answer by connecting again. */
    private fun isRefused(): Boolean {
        if (!reactor.isInReactorThread) reactor.checkTakesNew() // its last turn is over
        return wasRefused.also { wasRefused = true }
    }

    override fun stopConnecting() {
        reactor.checkThread("stopConnecting")
        check(state == State.CONNECTING) { "cannot stop connecting to $destination while ${state.name.lowercase()}" }
        val running = attempt
        if (running == null) isGivenUp = true else running.fail(ConnectingCancelledException(destination))
    }

    override fun disconnect() {
        when (state) {
            State.CONNECTING -> stopConnecting()
            State.CONNECTED -> transport!!.loseConnection()
            State.DISCONNECTED -> Unit
        }
    }

    private fun connected(channel: SocketChannel) {
        attempt = null
        try {
            established(channel)
        } catch (e: Throwable) {
            channel.closeAfterFailure()
            failed(ConnectException("Connection to $destination could not be used: ${safeMessage(e)}", destination, e))
            reactor.reportError("building a protocol for $destination", e)
        }
    }

    private fun established(channel: SocketChannel) {
        channel.prepare(target.options)
        val connection =
            StreamTransport.over(reactor, NioStream(reactor, channel), target.options) { reason ->
                disconnected { factory.clientConnectionLost(this, reason) }
            }
        val protocol = factory.buildProtocol(connection.peer())
        if (isGivenUp) {
            channel.closeAfterFailure()
            return failed(ConnectingCancelledException(destination))
        }
        state = State.CONNECTED
        transport = connection
        if (protocol == null) {
            connection.start(NoProtocol)
            connection.loseConnection()
        } else {
            connection.start(protocol)
            reactor.guarded({ "clientConnectionMade of ${factory.safeLogPrefix()}" }) { factory.clientConnectionMade(this, protocol) }
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
        reactor.guarded({ "telling ${factory.safeLogPrefix()} of $this" }, tell)
        if (state == State.DISCONNECTED && factoryStarted) {
            factoryStarted = false
            reactor.guarded({ "stopFactory of ${factory.safeLogPrefix()}" }) { factory.doStop() }
        }
    }

    override fun toString() = "Connector($destination, ${state.name.lowercase()})"
}

private val log = Logger(Connector::class.java)

/** Stands in when a factory has no protocol for a connection, which is then closed at once. */
private object NoProtocol : dev.torsion.net.Protocol()
