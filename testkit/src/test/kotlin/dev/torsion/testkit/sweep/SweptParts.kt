// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import dev.torsion.clock.deferLater
import dev.torsion.defer.Deferred
import dev.torsion.net.Address
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Factory
import dev.torsion.net.HalfCloseableProtocol
import dev.torsion.net.Producer
import dev.torsion.net.Protocol
import dev.torsion.net.Transport
import dev.torsion.service.Service
import kotlin.time.Duration
import kotlin.time.toJavaDuration

/** A protocol all of whose callbacks are points, and have to come in pairs. */
internal abstract class SweptProtocol(protected val run: SweepRun, protected val name: String) : Protocol() {
    override fun connectionMade() {
        run.begun("connection of $name")
        run.made(name, transport)
        run.call("$name.connectionMade") { made() }
    }

    override fun dataReceived(data: ByteArray) = run.call("$name.dataReceived") { received(data) }

    override fun connectionLost(reason: CloseReason) {
        run.ended("connection of $name")
        run.gone(transport)
        run.heard(reason)
        run.call("$name.connectionLost") { lost(reason) }
    }

    protected open fun made() {}

    protected open fun received(data: ByteArray) {}

    protected open fun lost(reason: CloseReason) {}

    override fun toString() = name
}

/** The same, and it hears of halves. */
internal abstract class SweptHalfCloseable(run: SweepRun, name: String) :
    SweptProtocol(run, name),
    HalfCloseableProtocol {
    override fun readConnectionLost() = run.call("$name.readConnectionLost") { transport.loseConnection() }

    override fun writeConnectionLost() = run.call("$name.writeConnectionLost") { }
}

/** A factory all of whose callbacks are points. */
internal class SweptFactory(private val run: SweepRun, private val name: String, private val make: () -> Protocol?) : Factory() {
    override fun startFactory() {
        run.call("$name.startFactory") { }
        run.begun("factory $name")
    }

    override fun stopFactory() {
        run.ended("factory $name")
        run.call("$name.stopFactory") { }
    }

    override fun buildProtocol(address: Address): Protocol? = run.call("$name.buildProtocol") { make() }
}

/** A client's factory all of whose callbacks are points. [ended] is told when there is no attempt and no connection any more. */
internal class SweptClientFactory(
    private val run: SweepRun,
    private val name: String,
    private val make: () -> Protocol?,
    private val ended: (Connector) -> Unit,
) : ClientFactory() {
    override fun startFactory() {
        run.call("$name.startFactory") { }
        run.begun("factory $name")
    }

    override fun stopFactory() {
        run.ended("factory $name")
        run.call("$name.stopFactory") { }
    }

    override fun startedConnecting(connector: Connector) {
        run.begun("attempt of $name")
        run.call("$name.startedConnecting") { }
    }

    override fun buildProtocol(address: Address): Protocol? = run.call("$name.buildProtocol") { make() }

    override fun clientConnectionMade(connector: Connector, protocol: Protocol) {
        run.call("$name.clientConnectionMade") { }
    }

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {
        run.ended("attempt of $name")
        run.heard(reason)
        run.call("$name.clientConnectionFailed") { ended(connector) }
    }

    override fun clientConnectionLost(connector: Connector, reason: CloseReason) {
        run.ended("attempt of $name")
        run.heard(reason)
        run.call("$name.clientConnectionLost") { ended(connector) }
    }
}

/** Writes [pieces] pieces to [transport], as a streaming producer or as one that is asked, and unregisters itself. */
internal class SweptProducer(
    private val run: SweepRun,
    private val name: String,
    private val transport: Transport,
    private val isStreaming: Boolean,
    private var pieces: Int,
    private val done: () -> Unit,
) : Producer {
    private var isPaused = false
    private var isEnded = false

    fun begin() {
        run.begun("producer $name")
        transport.registerProducer(this, isStreaming) // which stops it at once when the connection is gone
        if (isEnded) return
        if (isStreaming) produce()
    }

    private fun produce() {
        while (pieces > 0 && !isPaused && !isEnded) piece()
        if (pieces == 0) finish()
    }

    private fun piece() {
        pieces--
        transport.write(ByteArray(PIECE))
    }

    private fun finish() {
        if (isEnded) return
        isEnded = true
        run.ended("producer $name")
        transport.unregisterProducer()
        done()
    }

    override fun resumeProducing() = run.call("$name.resumeProducing") {
        isPaused = false
        if (isStreaming) {
            produce()
        } else if (pieces > 0) {
            piece()
        } else {
            finish()
        }
    }

    override fun pauseProducing() = run.call("$name.pauseProducing") {
        isPaused = true
    }

    override fun stopProducing() {
        if (!isEnded) {
            isEnded = true
            run.ended("producer $name")
        }
        run.call("$name.stopProducing") { }
    }

    private companion object {
        const val PIECE = 24 * 1024
    }
}

/** A service whose callbacks are points. */
internal class SweptService(private val run: SweepRun, private val label: String, private val stopping: () -> Deferred<*>) : Service() {
    override fun onStart() {
        run.call("$label.onStart") { }
        run.begun("service $label")
    }

    override fun onStop(): Deferred<*> {
        run.ended("service $label")
        return run.call("$label.onStop") { stopping() }
    }
}

/** A Deferred that fires after [time], whose delayed call is the program's own. */
internal fun SweepRun.pause(time: Duration): Deferred<Void?> = planning { deferLater(reactor, time.toJavaDuration()) }
