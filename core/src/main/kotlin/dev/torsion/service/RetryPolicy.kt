// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import dev.torsion.clock.saturatedNanos
import java.time.Duration
import java.util.concurrent.ThreadLocalRandom
import java.util.random.RandomGenerator
import kotlin.math.pow
import kotlin.time.toJavaDuration

/**
 * The time to wait before the next attempt to connect; the `retryPolicy` of Twisted's `ClientService`.
 *
 * ```java
 * RetryPolicy everyFiveSeconds = failedAttempts -> Duration.ofSeconds(5);
 * ```
 *
 * Thread: the clock's of the service.
 */
public fun interface RetryPolicy {
    /** The time to wait after [failedAttempts] attempts in a row, one or more, have failed; not negative. */
    public fun delay(failedAttempts: Int): Duration

    public companion object {
        /** [backoff] with its defaults. */
        @JvmField
        public val DEFAULT: RetryPolicy = backoff()

        /**
         * A delay that grows from attempt to attempt, to spare a server that is down; Twisted's `backoffPolicy`, with its defaults. It has
         * a random part, so that not all clients come back at the same moment.
         *
         * After *n* failed attempts it is [initialDelay] × [factor]ⁿ, at most [maxDelay], and a random time below [jitter] more. By
         * default: 1.5 to 2.5 s after the first, 2.25 to 3.25 s after the second, and from the eleventh on 60 to 61 s.
         *
         * @param jitter how long the random part may be; unless given, as long as [initialDelay] (but not longer than [maxDelay]), so that
         *   it fits short delays and long ones.
         *   (In Twisted it is a second, whatever the delay)
         * @throws IllegalArgumentException when a time is negative, or [factor] is less than 1
         */
        @JvmStatic
        @JvmOverloads
        public fun backoff(
            initialDelay: Duration = Duration.ofSeconds(1),
            maxDelay: Duration = Duration.ofSeconds(60),
            factor: Double = 1.5,
            jitter: Duration = minOf(initialDelay, maxDelay),
        ): RetryPolicy = backoff(initialDelay, maxDelay, factor, jitter, PlatformRandom)

        /** The same with the source of the random part; a simulation gives a seeded one. */
        @JvmSynthetic
        public fun backoff(
            initialDelay: Duration = Duration.ofSeconds(1),
            maxDelay: Duration = Duration.ofSeconds(60),
            factor: Double = 1.5,
            jitter: Duration = minOf(initialDelay, maxDelay),
            random: RandomGenerator,
        ): RetryPolicy {
            require(!jitter.isNegative) { "a jitter must not be negative, but is $jitter" }
            val growth = ExponentialDelay(initialDelay, maxDelay, factor)
            val spread = jitter.saturatedNanos()
            return RetryPolicy { Duration.ofNanos(growth.nanos(it)).plusNanos((random.nextDouble() * spread).toLong()) }
        }
    }
}

/** [RetryPolicy.backoff] with Kotlin durations. */
@JvmSynthetic
public fun RetryPolicy.Companion.backoff(
    initialDelay: kotlin.time.Duration,
    maxDelay: kotlin.time.Duration,
    factor: Double = 1.5,
    jitter: kotlin.time.Duration = minOf(initialDelay, maxDelay),
): RetryPolicy = backoff(initialDelay.toJavaDuration(), maxDelay.toJavaDuration(), factor, jitter.toJavaDuration())

/** A delay that is multiplied by [factor] with each attempt, up to [max]. */
internal class ExponentialDelay(initial: Duration, max: Duration, private val factor: Double) {
    private val initial = initial.saturatedNanos()
    private val max = max.saturatedNanos()

    init {
        require(!initial.isNegative && !max.isNegative) { "delays must not be negative, but are $initial and $max" }
        require(factor >= 1) { "the factor of a growing delay is 1 or more, but is $factor" }
    }

    /** The delay after so many failed [attempts], in nanoseconds; it never overflows. */
    fun nanos(attempts: Int): Long = (initial * factor.pow(attempts)).coerceAtMost(max.toDouble()).toLong()
}

/** The random numbers of the platform, for any thread. */
internal val PlatformRandom = RandomGenerator { ThreadLocalRandom.current().nextLong() }
