// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.clock.Clock
import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedNanos
import java.time.Duration
import java.util.concurrent.TimeUnit
import kotlin.time.toJavaDuration

/**
 * Closes the connection of a protocol when nothing has happened on it for a while. It is Twisted's `TimeoutMixin`, as an object that the
 * protocol has. The protocol calls [resetTimeout] whenever something happens.
 *
 * ```kotlin
 * class Patient(clock: Clock) : LineReceiver() {
 *     private val idle = TimeoutMixin(this, clock)
 *
 *     override fun connectionMade() {
 *         idle.setTimeout(Duration.ofSeconds(30))
 *     }
 *
 *     override fun lineReceived(line: ByteArray) {
 *         idle.resetTimeout()
 *     }
 * }
 * ```
 *
 * The time-out ends with the connection; nobody needs to stop it. Make one with its protocol and keep it: the protocol remembers each that is
 * made for it.
 *
 * Thread: the reactor's.
 *
 * @param protocol the protocol whose connection is watched
 * @param clock measures the time: the reactor
 * @param timedOut runs in place of closing the connection; its exceptions are reported
 */
public open class TimeoutMixin
@JvmOverloads
constructor(
    private val protocol: Protocol,
    private val clock: Clock,
    private val timedOut: Runnable? = null,
) {
    private var call: DelayedCall? = null
    private var isOver = false

    /** The next one of the same protocol. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    internal var next: TimeoutMixin? = protocol.addTimeout(this)

    /** How long it waits for a [resetTimeout]; null for ever. Twisted's `timeOut`. */
    public var timeout: Duration? = null
        private set

    /**
     * Begins to wait for [period], in place of a wait that there may be. Null ends the wait. Gives the period that was set before.
     *
     * @throws IllegalArgumentException when it is negative
     */
    public fun setTimeout(period: Duration?): Duration? {
        require(period == null || !period.isNegative) { "a time-out must not be negative, but is $period" }
        val before = timeout
        timeout = period
        stop()
        if (period != null && !isOver) call = clock.callLater(period.saturatedNanos(), TimeUnit.NANOSECONDS, ::timeIsUp)
        return before
    }

    /** Something has happened: the time counts from now. Does nothing when no time-out is set, or the time was up. */
    public fun resetTimeout() {
        val period = timeout ?: return
        call?.reset(period.saturatedNanos(), TimeUnit.NANOSECONDS)
    }

    private fun timeIsUp() {
        call = null
        timeoutConnection()
    }

    /** The time is up. By default runs `timedOut` of the constructor, or closes the connection as [Transport.loseConnection]. */
    protected open fun timeoutConnection() {
        if (timedOut != null) {
            timedOut.run()
        } else if (protocol.isConnected) {
            protocol.transport.loseConnection()
        }
    }

    /** There is a connection, perhaps another one. */
    @JvmSynthetic
    internal fun begin() {
        isOver = false
    }

    /** The connection is gone. */
    @JvmSynthetic
    internal fun end() {
        isOver = true
        stop()
    }

    private fun stop() {
        call?.cancel()
        call = null
    }

    override fun toString(): String = "TimeoutMixin(${timeout ?: "no time-out"}${if (call == null) "" else ", waiting"})"
}

/** [TimeoutMixin.setTimeout] with a Kotlin duration. */
@JvmSynthetic
public fun TimeoutMixin.setTimeout(period: kotlin.time.Duration): Duration? = setTimeout(period.toJavaDuration())
