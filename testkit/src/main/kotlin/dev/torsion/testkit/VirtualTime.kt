// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import kotlin.time.Duration
import kotlin.time.toJavaDuration

/** [VirtualClock.advance] for Kotlin. */
@JvmSynthetic
public fun VirtualClock.advance(by: Duration): Unit = advance(by.toJavaDuration())

/** [VirtualClock.pump] for Kotlin. */
public fun VirtualClock.pump(steps: List<Duration>): Unit = steps.forEach { advance(it) }

/** [VirtualClock.runFor] for Kotlin. */
@JvmSynthetic
public fun VirtualClock.runFor(time: Duration): Unit = runFor(time.toJavaDuration())

/** [MemoryReactor.advance] for Kotlin. */
@JvmSynthetic
public fun MemoryReactor.advance(by: Duration): Unit = clock.advance(by)

/** [MemoryReactor.pump] for Kotlin. */
public fun MemoryReactor.pump(steps: List<Duration>): Unit = clock.pump(steps)

/** [MemoryReactor.runFor] for Kotlin. */
@JvmSynthetic
public fun MemoryReactor.runFor(time: Duration): Unit = clock.runFor(time)

/** [MemoryLink.delay] for Kotlin. */
@JvmSynthetic
public fun MemoryLink.delay(latency: Duration): MemoryLink = delay(latency.toJavaDuration())
