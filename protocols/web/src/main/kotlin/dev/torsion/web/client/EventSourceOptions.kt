// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.service.RetryPolicy
import java.time.Duration

/**
 * How an [EventSource] asks, and asks again. Immutable; each `with` method gives another one.
 *
 * @property retryPolicy the time before the next attempt. When a server has sent `retry`, that is the time before the first attempt
 *   instead, and the least time before later ones
 * @property silenceTimeout how long no byte may come before the connection counts as lost; 60 s. Null for no limit. Servers send comments
 *   so that the connection is not taken for lost
 * @property maxEventBytes how many bytes a line may have, and the data of an event; 1 MiB. One more fails with an [EventTooLargeException]
 * @property maxFailures how many attempts in a row may fail before the source fails too; unlimited unless given. An attempt that brings no
 *   byte of events has failed
 */
public class EventSourceOptions private constructor(
    public val retryPolicy: RetryPolicy = RetryPolicy.DEFAULT,
    public val silenceTimeout: Duration? = Duration.ofSeconds(60),
    public val maxEventBytes: Int = 1024 * 1024,
    public val maxFailures: Int = Int.MAX_VALUE,
) {
    init {
        require(silenceTimeout == null || (!silenceTimeout.isNegative && !silenceTimeout.isZero)) {
            "silenceTimeout must be positive, but is $silenceTimeout"
        }
        require(maxEventBytes > 0) { "maxEventBytes must be positive, but is $maxEventBytes" }
        require(maxFailures > 0) { "maxFailures must be positive, but is $maxFailures" }
    }

    /** These options with another [retryPolicy]. */
    public fun withRetryPolicy(policy: RetryPolicy): EventSourceOptions =
        EventSourceOptions(policy, silenceTimeout, maxEventBytes, maxFailures)

    /** These options with another [silenceTimeout]; null for any time. */
    public fun withSilenceTimeout(timeout: Duration?): EventSourceOptions =
        EventSourceOptions(retryPolicy, timeout, maxEventBytes, maxFailures)

    /** These options with another [maxEventBytes]. */
    public fun withMaxEventBytes(most: Int): EventSourceOptions = EventSourceOptions(retryPolicy, silenceTimeout, most, maxFailures)

    /** These options with another [maxFailures]: 1 for a source that fails with its first attempt. */
    public fun withMaxFailures(most: Int): EventSourceOptions = EventSourceOptions(retryPolicy, silenceTimeout, maxEventBytes, most)

    override fun toString(): String = "EventSourceOptions(silence $silenceTimeout, $maxEventBytes bytes, $maxFailures failures)"

    public companion object {
        /** The options that hold where none are given. */
        @JvmField
        public val DEFAULT: EventSourceOptions = EventSourceOptions()
    }
}
