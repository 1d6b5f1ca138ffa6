// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.clock.Clock
import dev.torsion.clock.DelayedCall
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.reasonOf
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ClientFactory
import dev.torsion.net.CloseReason
import dev.torsion.net.Connector
import dev.torsion.net.Protocol
import java.time.Duration
import java.util.WeakHashMap
import java.util.concurrent.TimeUnit
import java.util.function.Supplier
import java.util.random.RandomGenerator

/**
 * A client factory that connects again whenever the connection fails or is lost, each time after a longer delay; Twisted's
 * `ReconnectingClientFactory`. New programs are better served by a [ClientService].
 *
 * ```kotlin
 * class Chats(reactor: Reactor) : ReconnectingClientFactory(reactor) {
 *     override fun buildProtocol(address: Address): Protocol {
 *         resetDelay() // it works, so the next time begins with the shortest delay
 *         return Chat()
 *     }
 * }
 * reactor.connectTcp("example.com", 8007, Chats(reactor))
 * ```
 *
 * The delay before the *n*-th retry in a row is [initialDelay] × [factor]ⁿ, at most [maxDelay], and a random part. The random part is
 * normally distributed; its standard deviation is [jitter] times that delay. A subclass that overrides a method calls the original too.
 *
 * One factory may serve several connectors. Each has delays and retries of its own. (In Twisted they get into each other's way.)
 *
 * Thread: the reactor's.
 *
 * @param clock measures the delays: the reactor
 */
public open class ReconnectingClientFactory
@JvmOverloads
constructor(private val clock: Clock, protocol: Supplier<out Protocol>? = null) :
    ClientFactory(protocol) {
    /** The first delay; 1 s. */
    public var initialDelay: Duration = Duration.ofSeconds(1)

    /** The longest delay, without the random part; 1 h. */
    public var maxDelay: Duration = Duration.ofHours(1)

    /** The growth of the delay with each retry; e. */
    public var factor: Double = Math.E

    /** The random part, as a share of the delay; 0.119626565582, and 0 for none. */
    public var jitter: Double = TWISTED_JITTER

    /** It gives up after so many retries in a row; null for any number. */
    public var maxRetries: Int? = null

    /** The source of the random part; a simulation gives a seeded one. */
    public var random: RandomGenerator = PlatformRandom

    /** The number of retries since the last [resetDelay]; of several connectors the largest number. */
    public val retries: Int get() = tries.values.maxOfOrNull { it.retries } ?: 0

    /** Whether it connects again; false after [stopTrying], true again after [resetDelay]. */
    public var continueTrying: Boolean = true
        private set

    /** How far each connector is, for as long as there is such a connector. */
    private val tries = WeakHashMap<Connector, Tries>()

    private class Tries {
        var retries = 0
        var waiting: DelayedCall? = null

        fun stopWaiting() {
            waiting?.let { if (it.isActive) it.cancel() }
            waiting = null
        }
    }

    private fun of(connector: Connector) = tries.getOrPut(connector, ::Tries)

    override fun startedConnecting(connector: Connector) {
        of(connector)
    }

    override fun clientConnectionFailed(connector: Connector, reason: CannotConnectException): Unit = retry(connector, reason)

    override fun clientConnectionLost(connector: Connector, reason: CloseReason): Unit = retry(connector, reason)

    /**
     * Lets [connector] connect again after the delay. Does nothing after [stopTrying], and after [maxRetries] retries. It is for a subclass
     * that retries at another moment than the end of a connection.
     */
    public fun retry(connector: Connector): Unit = retry(connector, null)

    private fun retry(connector: Connector, reason: Throwable?) {
        val own = of(connector)
        val limit = maxRetries
        own.stopWaiting()
        when {
            !continueTrying -> tell(connector, "{factory}: told not to connect to {destination} again", reason)
            limit != null && own.retries >= limit ->
                tell(connector, "{factory}: gives up {destination} after {retries} retries", reason, "retries" to own.retries)
            else -> {
                own.retries++
                val delay = nextDelay(own.retries)
                own.waiting = clock.callLater(delay, TimeUnit.NANOSECONDS) { connector.connect() }
                tell(
                    connector,
                    "{factory}: will connect to {destination} again in {delay}",
                    reason,
                    "delay" to readable(Duration.ofNanos(delay)),
                )
            }
        }
    }

    private fun tell(connector: Connector, format: String, reason: Throwable?, vararg values: Pair<String, Any?>) {
        if (!isNoisy) return
        val line = log.with(LogKeys.FACTORY, safeLogPrefix()).with(LogKeys.DESTINATION, connector.destination)
        if (reason == null) line.info(format, *values) else line.info("$format: {reason}", *values, LogKeys.REASON to reasonOf(reason))
    }

    private fun nextDelay(retries: Int): Long {
        val mean = ExponentialDelay(initialDelay, maxDelay, factor).nanos(retries)
        return if (jitter == 0.0) mean else (mean * (1 + jitter * random.nextGaussian())).toLong().coerceAtLeast(0)
    }

    /** Connects no more. A delay, or an attempt in progress, ends. A connection stays. */
    public fun stopTrying() {
        continueTrying = false
        for ((connector, own) in tries.toList()) {
            own.stopWaiting()
            if (connector.state == Connector.State.CONNECTING) connector.stopConnecting()
        }
    }

    /**
     * Begins again with the shortest delay and no retries, for all connectors. The other [resetDelay] does so for one connector. Call it
     * when a connection has proved useful.
     */
    public fun resetDelay() {
        tries.values.forEach { it.retries = 0 }
        continueTrying = true
    }

    /** [resetDelay] for one [connector] alone, where this factory has several. */
    public fun resetDelay(connector: Connector) {
        of(connector).retries = 0
        continueTrying = true
    }

    private companion object {
        const val TWISTED_JITTER = 0.119626565582
        val log = Logger(ReconnectingClientFactory::class.java)
    }
}
