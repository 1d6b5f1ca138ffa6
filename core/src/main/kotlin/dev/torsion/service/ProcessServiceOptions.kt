// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.service

import java.time.Duration

/**
 * When a [ProcessService] starts its process again, and how it ends it. Immutable; each `with` method gives another one.
 *
 * ```java
 * ProcessServiceOptions.DEFAULT.withMinRestartDelay(Duration.ofMillis(200)).withClosesInput(true)
 * ```
 *
 * @property threshold a process that lives for a shorter time has failed: the next one comes after a delay. One that has lived longer is started
 *   again at once. 1 second; Twisted's `threshold`
 * @property minRestartDelay the delay after the first failure: 1 second. It doubles with each failure in a row; Twisted's `minRestartDelay`
 * @property maxRestartDelay the longest delay: 1 hour; Twisted's `maxRestartDelay`
 * @property closesInput whether a stop closes the standard input of the process first, for a program that ends by itself when it has read
 *   everything. It is told to end (TERM) when it has not after [killAfter][dev.torsion.process.ProcessCommand.killAfter]. False: TERM at once
 * @throws IllegalArgumentException when a time is not positive, or [minRestartDelay] is longer than [maxRestartDelay]
 */
public class ProcessServiceOptions private constructor(
    public val threshold: Duration = Duration.ofSeconds(1),
    public val minRestartDelay: Duration = Duration.ofSeconds(1),
    public val maxRestartDelay: Duration = Duration.ofHours(1),
    public val closesInput: Boolean = false,
) {
    init {
        require(threshold > Duration.ZERO) { "threshold must be positive, but is $threshold" }
        require(minRestartDelay > Duration.ZERO) { "minRestartDelay must be positive, but is $minRestartDelay" }
        require(maxRestartDelay >= minRestartDelay) { "maxRestartDelay is $maxRestartDelay, but minRestartDelay is $minRestartDelay" }
    }

    /** These options with another [threshold]. */
    public fun withThreshold(time: Duration): ProcessServiceOptions = copy(threshold = time)

    /** These options with another [minRestartDelay]. */
    public fun withMinRestartDelay(delay: Duration): ProcessServiceOptions = copy(minRestartDelay = delay)

    /** These options with another [maxRestartDelay]. */
    public fun withMaxRestartDelay(delay: Duration): ProcessServiceOptions = copy(maxRestartDelay = delay)

    /** These options with another [closesInput]. */
    public fun withClosesInput(isClosed: Boolean): ProcessServiceOptions = copy(closesInput = isClosed)

    private fun copy(
        threshold: Duration = this.threshold,
        minRestartDelay: Duration = this.minRestartDelay,
        maxRestartDelay: Duration = this.maxRestartDelay,
        closesInput: Boolean = this.closesInput,
    ) = ProcessServiceOptions(threshold, minRestartDelay, maxRestartDelay, closesInput)

    override fun toString(): String =
        "ProcessServiceOptions(threshold=$threshold, minRestartDelay=$minRestartDelay, maxRestartDelay=$maxRestartDelay, closesInput=$closesInput)"

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: ProcessServiceOptions = ProcessServiceOptions()
    }
}
