// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.clock.Clock
import dev.torsion.clock.LoopingCall
import dev.torsion.defer.Deferred
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.readable
import dev.torsion.log.safeString
import java.time.Duration
import java.util.concurrent.Callable
import kotlin.time.toJavaDuration

/**
 * Makes a call at the start and then once every [interval], while the service runs; Twisted's `TimerService`.
 *
 * ```java
 * var timer = new TimerService(reactor, Duration.ofMinutes(1), () -> log.info("alive"));
 * ```
 *
 * A [LoopingCall] makes the calls. They do not drift, a long call skips some, and the next call waits for a [Deferred] that a call returns.
 * A failed call is logged as an error. Then there are no more calls until the service is started again, though it counts as running. It has
 * stopped when the call in progress, if any, has ended.
 *
 * Thread: the clock's.
 *
 * @property interval the time between calls; zero for every turn of the clock
 * @throws IllegalArgumentException when [interval] is negative
 */
public class TimerService(
    private val clock: Clock,
    @get:JvmName("interval") public val interval: Duration,
    private val call: Callable<*>,
) : Service() {
    private var loop: LoopingCall? = null
    private lateinit var ended: Deferred<*>

    init {
        require(!interval.isNegative) { "a timer service needs an interval of zero or more, but was given $interval" }
    }

    /** For a call that gives nothing, in Java. */
    public constructor(clock: Clock, interval: Duration, call: Runnable) : this(clock, interval, Callable { call.run() })

    /** True while calls are made: from the start until the stop, or until a call has failed. */
    public val isLooping: Boolean get() = loop?.isRunning == true

    override fun onStart() {
        val calls = LoopingCall(clock, { call.call() }, isCounting = false, described = call, saysItsEnd = false).also { loop = it }
        ended =
            calls.start(interval).addCallbacks(
                { Unit },
                { failure ->
                    log.failure(
                        "{service}: the call has failed, so no more calls are made",
                        failure.value,
                        LogKeys.SERVICE to safeString(this),
                    )
                },
            )
    }

    override fun onStop(): Deferred<*> {
        if (isLooping) loop?.stop()
        return ended
    }

    override fun toString(): String = "${title()}(every ${readable(interval)}, ${if (isRunning) "running" else "stopped"})"

    private companion object {
        val log = Logger(TimerService::class.java)
    }
}

/** A [TimerService] of a Kotlin lambda; when that gives a [Deferred], the next call waits for it. */
@JvmSynthetic
public fun TimerService(clock: Clock, interval: kotlin.time.Duration, call: () -> Any?): TimerService =
    TimerService(clock, interval.toJavaDuration(), Callable { call() })
