// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeText
import dev.torsion.log.simpleName
import java.util.function.Supplier

/**
 * Makes a [Protocol] for each connection, and keeps the state that they share; Twisted's `Factory` and `ServerFactory`.
 *
 * Both of Twisted's styles work: give the constructor a supplier, or override [buildProtocol].
 *
 * ```kotlin
 * reactor.listenTcp(8007, Factory { Echo() })
 *
 * class Quotes(val quote: String) : Factory() {
 *     override fun buildProtocol(address: Address) = QuoteOfTheDay(quote)
 * }
 * ```
 *
 * Thread: the reactor's.
 *
 * @property protocol makes a protocol, for the default [buildProtocol]
 */
public open class Factory
@JvmOverloads
constructor(public val protocol: Supplier<out Protocol>? = null) {
    /** The number of ports and connectors that use this factory now. */
    public var numPorts: Int = 0
        private set

    /**
     * Whether the log has its starts and stops, and the opening and closing of its ports (at level info). A client's endpoint and
     * `ClientService` start the factory for each connection, and log none of that.
     */
    public var isNoisy: Boolean = true

    /**
     * The protocol for a new connection with the peer at [address], or null to close that connection at once.
     *
     * The default asks [protocol] and sets the new protocol's `factory`.
     */
    public open fun buildProtocol(address: Address): Protocol? {
        val make = checkNotNull(protocol) { "${safeLogPrefix()} neither was given a protocol nor overrides buildProtocol" }
        return make.get().also { it.factory = this }
    }

    /** Called before the first port or connector opens: once, however many there are. */
    public open fun startFactory() {}

    /** Called after the last port or connector is closed. */
    public open fun stopFactory() {}

    /** The name of this factory in the log: the name of its class, unless overridden. */
    public open fun logPrefix(): String = simpleName(javaClass, "Factory")

    /** The [logPrefix] that a user has given this factory; null when it is the name of the class. */
    @JvmSynthetic
    internal fun chosenName(): String? = safeLogPrefix().takeIf { it != simpleName(javaClass, "Factory") }

    /** [logPrefix], also of a factory in which that throws. */
    @JvmSynthetic
    internal fun safeLogPrefix(): String = safeText(this, "logPrefix") { logPrefix() }

    /** For ports and connectors: counts one more user and calls [startFactory] for the first. */
    public fun doStart(): Unit = start(isNoisy)

    /** [doStart] for one connection of many: it is not worth a line. */
    @JvmSynthetic
    internal fun startQuietly() = start(isLogged = false)

    private fun start(isLogged: Boolean) {
        if (numPorts == 0) {
            if (isLogged) log.info("Starting factory {factory}", LogKeys.FACTORY to safeLogPrefix())
            startFactory()
        }
        numPorts++
    }

    /** For ports and connectors: counts one user less and calls [stopFactory] after the last. */
    public fun doStop(): Unit = stop(isNoisy)

    /** [doStop] after [startQuietly]. */
    @JvmSynthetic
    internal fun stopQuietly() = stop(isLogged = false)

    private fun stop(isLogged: Boolean) {
        if (numPorts == 0) return
        numPorts--
        if (numPorts == 0) {
            if (isLogged) log.info("Stopping factory {factory}", LogKeys.FACTORY to safeLogPrefix())
            stopFactory()
        }
    }

    override fun toString(): String = "${safeLogPrefix()}(in use on $numPorts ports)"

    public companion object {
        private val log = Logger(Factory::class.java)

        /** A factory of [protocol]s: Twisted's `Factory.forProtocol`. */
        @JvmStatic
        public fun forProtocol(protocol: Supplier<out Protocol>): Factory = Factory(protocol)
    }
}

/**
 * A factory for the connecting side, which hears how the attempts go; Twisted's `ClientFactory`.
 *
 * ```java
 * class Asking extends ClientFactory {
 *   Asking() {
 *     super(Question::new);
 *   }
 *
 *   @Override
 *   public void clientConnectionFailed(Connector connector, CannotConnectException reason) {
 *     log.warn("no answer: {reason}", "reason", reason);
 *   }
 * }
 * ```
 *
 * Thread: its methods are called on the reactor's.
 */
public open class ClientFactory
@JvmOverloads
constructor(protocol: Supplier<out Protocol>? = null) : Factory(protocol) {
    /** An attempt begins. */
    public open fun startedConnecting(connector: Connector) {}

    /** The attempt succeeded, and [protocol] has heard so. Twisted has no such method, and has to wrap the protocol. */
    public open fun clientConnectionMade(connector: Connector, protocol: Protocol) {}

    /** The attempt failed. Call [Connector.connect] here to try again. */
    public open fun clientConnectionFailed(connector: Connector, reason: CannotConnectException) {}

    /** The connection ended; its protocol knows already. Call [Connector.connect] here to connect again. */
    public open fun clientConnectionLost(connector: Connector, reason: CloseReason) {}
}
