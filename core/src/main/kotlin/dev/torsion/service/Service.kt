// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.defer.maybeDeferred
import dev.torsion.defer.succeed
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.log.simpleName
import dev.torsion.net.Factory

/**
 * A part of a program that starts and stops; Twisted's `Service`. Subclass it, and override [onStart] and [onStop].
 *
 * ```kotlin
 * class Cleaner(private val cache: Cache) : Service() {
 *     override fun onStart() = cache.open()
 *
 *     override fun onStop(): Deferred<*> = cache.flush()
 * }
 * ```
 *
 * The rules, which Twisted leaves to each service:
 * - Starting a service that runs logs a warning, and does nothing else. Stopping a service that does not run does nothing.
 * - A service that is started while it stops starts once it has stopped. Stopping it before that takes this back.
 * - When [onStart] throws, the service does not run.
 * - A service that is stopped within [onStart] stops once that has returned.
 *
 * A [MultiService] puts several services together. [runUntilStopped] and [startWith] tie one to a reactor.
 *
 * Thread: the reactor's, or before it runs the thread that sets it up.
 */
public abstract class Service {
    private var stop: Stop? = null
    private var isStarting = false

    /**
     * The name of this service in its [parent]; null for none.
     *
     * @throws IllegalStateException when set while there is a parent
     */
    public var name: String? = null
        set(value) {
            check(parent == null) { "${safeString(this)} belongs to ${safeString(parent)}, so its name cannot be changed" }
            field = value
        }

    /** The service that this one was [added][MultiService.addService] to. */
    public var parent: MultiService? = null
        @JvmSynthetic internal set

    /** True from [startService] until [stopService]. */
    public var isRunning: Boolean = false
        private set

    /** Starts this service. An exception of [onStart] is thrown here. */
    public fun startService() {
        if (isRunning) {
            log.warn("{service} is running already: starting it does nothing", LogKeys.SERVICE to safeString(this))
            return
        }
        isRunning = true
        if (stop == null) begin()
    }

    /**
     * Stops this service. The Deferred fires when it has stopped, and at once if it was not running. It fails as the Deferred of [onStop]
     * does. Cancelling the Deferred only ends the waiting.
     */
    public fun stopService(): Deferred<Unit> {
        if (!isRunning) return stop?.join() ?: succeed(Unit)
        isRunning = false
        stop?.let { return it.join() } // a start that waited for its end is taken back
        val begun = Stop().also { stop = it }
        val stopped = begun.join()
        if (!isStarting) begun.carryOut()
        return stopped
    }

    /** Begins the work. [startService] throws its exception. If the start had to wait for the end of a stop, the exception is logged. */
    @Throws(Exception::class)
    protected open fun onStart() {
    }

    /**
     * Ends the work, after an [onStart] that did not throw.
     *
     * @return a Deferred that fires when all work has ended; its value means nothing
     */
    @Throws(Exception::class)
    protected open fun onStop(): Deferred<*> = succeed(Unit)

    private fun begin() {
        isStarting = true
        try {
            onStart()
        } catch (e: Throwable) {
            isStarting = false
            isRunning = false
            stop?.ended(Success(Unit)) // there is nothing to stop
            throw e
        }
        isStarting = false
        stop?.carryOut()
    }

    /** The beginning of [toString]: the kind of service, and its name. */
    protected fun title(): String = simpleName(javaClass, "Service") + (name?.let { " $it" } ?: "")

    /** [title] of a service without a name, with the name that a user has given its [factory]. */
    @JvmSynthetic
    internal fun titleFor(factory: Factory): String = title() + (if (name == null) factory.chosenName()?.let { " $it" } ?: "" else "")

    override fun toString(): String = "${title()}(${if (isRunning) "running" else "stopped"})"

    /** From the request to stop, which [onStop] follows, to its end, for any number who wait for it. */
    private inner class Stop {
        private val waiting = LinkedHashSet<Deferred<Unit>>()

        fun join(): Deferred<Unit> = Deferred<Unit> { waiting.remove(it) }.also(waiting::add)

        fun carryOut() {
            maybeDeferred<Any?> { onStop() }.addBoth(::ended)
        }

        fun ended(outcome: Outcome<*>) {
            stop = null
            if (isRunning) restart()
            waiting.toList().forEach { if (outcome is Failure) it.errback(outcome) else it.callback(Unit) }
        }

        private fun restart() {
            try {
                begin()
            } catch (e: Throwable) {
                log.failure("{service} could not be started again", e, LogKeys.SERVICE to safeString(this@Service))
            }
        }
    }

    private companion object {
        val log = Logger(Service::class.java)
    }
}
