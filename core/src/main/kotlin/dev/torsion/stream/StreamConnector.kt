// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.reasonOf
import dev.torsion.log.safeMessage
import dev.torsion.loop.guarded
import dev.torsion.loop.reportFailure
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.Connector
import dev.torsion.net.Connector.State
import dev.torsion.net.Protocol
import dev.torsion.net.StreamOptions
import dev.torsion.spi.ConnectAttempt
import dev.torsion.spi.ConnectHandler
import dev.torsion.spi.ConnectTarget
import dev.torsion.spi.StreamChannel
import org.slf4j.event.Level

/**
 * A client's attempts, one at a time; hands the connection to the factory's protocol.
 *
 * A user's callback may stop it at any moment. Until the protocol has its transport the state is CONNECTING, and a connection that is
 * there by then is given up unseen; from then on it is CONNECTED, and stopping means to lose the connection.
 */
internal class StreamConnector(
    private val loop: StreamLoop,
    private val target: ConnectTarget,
    private val factory: ClientFactory,
    private val options: StreamOptions,
) : Connector,
    ConnectHandler {
    override val destination = target.toString()

    override var state = State.DISCONNECTED
        private set

    private var factoryStarted = false
    private var wasRefused = false
    private var attempt: ConnectAttempt? = null
    private var transport: StreamTransport? = null
    private var isGivenUp = false // while there is no attempt to stop: in startFactory and buildProtocol

    override fun connect() {
        loop.checkThread("connect")
        check(state == State.DISCONNECTED) { "cannot connect to $destination again while ${state.name.lowercase()}" }
        if (loop.isEnding && isRefused()) return
        state = State.CONNECTING
        isGivenUp = false
        startFactory()
        val begun = target.connect(this)
        attempt = begun
        if (isGivenUp) begun.cancel()
        if (attempt !== begun) return
        loop.guarded({ "startedConnecting of ${factory.safeLogPrefix()}" }) { factory.startedConnecting(this) }
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
        if (!loop.inLoop) loop.checkTakesNew() // its last turn is over
        return wasRefused.also { wasRefused = true }
    }

    override fun stopConnecting() {
        loop.checkThread("stopConnecting")
        check(state == State.CONNECTING) { "cannot stop connecting to $destination while ${state.name.lowercase()}" }
        val running = attempt
        if (running == null) isGivenUp = true else running.cancel()
    }

    override fun disconnect() {
        when (state) {
            State.CONNECTING -> stopConnecting()
            State.CONNECTED -> transport!!.loseConnection()
            State.DISCONNECTED -> Unit
        }
    }

    override fun connected(channel: StreamChannel) {
        attempt = null
        try {
            established(channel)
        } catch (e: Throwable) {
            channel.closeAfterFailure()
            failed(CannotConnectException("Connection to $destination could not be used: ${safeMessage(e)}", destination, e))
            loop.reportFailure(e) { "building a protocol for $destination" }
        }
    }

    private fun established(channel: StreamChannel) {
        val connection =
            StreamTransport.over(loop, channel, options) { reason ->
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
            loop.guarded({ "clientConnectionMade of ${factory.safeLogPrefix()}" }) { factory.clientConnectionMade(this, protocol) }
        }
    }

    override fun failed(reason: CannotConnectException) {
        log.at(Level.DEBUG)
            .with(LogKeys.REACTOR, loop.name)
            .with(LogKeys.DESTINATION, destination)
            .with(LogKeys.REASON, reasonOf(reason))
            .log("Could not connect to {destination}: {reason}")
        disconnected { factory.clientConnectionFailed(this, reason) }
    }

    /** The factory hears it and may connect again; if it does not, this connector needs it no more. */
    private fun disconnected(tell: () -> Unit) {
        attempt = null
        transport = null
        state = State.DISCONNECTED
        loop.guarded({ "telling ${factory.safeLogPrefix()} of $this" }, tell)
        if (state == State.DISCONNECTED && factoryStarted) {
            factoryStarted = false
            loop.guarded({ "stopFactory of ${factory.safeLogPrefix()}" }) { factory.doStop() }
        }
    }

    override fun toString() = "Connector($destination, ${state.name.lowercase()})"
}

private val log = Logger(Connector::class.java)

/** Stands in when a factory has no protocol for a connection, which is then closed at once. */
private object NoProtocol : Protocol()
