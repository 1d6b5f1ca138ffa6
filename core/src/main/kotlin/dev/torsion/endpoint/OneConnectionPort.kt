// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.endpoint

import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.net.Address
import dev.torsion.net.CannotListenException
import dev.torsion.net.CloseReason
import dev.torsion.net.Factory
import dev.torsion.net.ListeningPort
import dev.torsion.net.Protocol
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.whenEnded
import java.io.IOException

/**
 * A port whose one connection is there already: what inetd gives, or standard input and output. It is in use until that connection ends.
 */
internal class OneConnectionPort(private val reactor: Reactor, private val factory: Factory, private val address: Address) : ListeningPort {
    override var isListening = false
        private set

    override fun host() = address

    /** Starts the factory, and makes the connection with [connect], which gets a factory for it. */
    fun open(connect: (Factory) -> Unit): OneConnectionPort {
        factory.doStart()
        isListening = true
        reactor.whenEnded { close() }
        try {
            connect(Once())
        } catch (e: Throwable) {
            try {
                close()
            } catch (second: Throwable) {
                e.addSuppressed(second)
            }
            throw e
        }
        return this
    }

    private inner class Once : Factory() {
        init {
            isNoisy = false
        }

        override fun buildProtocol(address: Address): Protocol? {
            val protocol = factory.buildProtocol(address)
            if (protocol == null) close() else protocol.whenEnded(::ended)
            return protocol
        }

        override fun logPrefix() = factory.safeLogPrefix()
    }

    @Suppress("UNUSED_PARAMETER")
    private fun ended(reason: CloseReason) = close()

    private fun close() {
        if (!isListening) return
        isListening = false
        factory.doStop()
    }

    override fun stopListening(): Deferred<Unit> = try {
        close()
        succeed(Unit)
    } catch (e: Throwable) { // from stopFactory, it may be anything
        fail(e)
    }

    override fun startListening(): Unit =
        throw CannotListenException(address.toString(), IOException("it has one connection, which was there when it began"))

    override fun toString() = "OneConnectionPort($address, ${if (isListening) "in use" else "closed"})"
}
