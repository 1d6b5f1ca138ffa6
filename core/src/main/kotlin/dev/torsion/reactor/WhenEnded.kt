// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.spi.TorsionSpi

/**
 * Runs [call] when this reactor has ended for good: after the last turn, and in every case. A [crash][Reactor.crash] during the shutdown
 * leaves out the triggers that have not run, but not this. One that has crashed before has not ended yet. It is for those who have given out
 * futures that nothing else would complete any more. What it throws is reported.
 *
 * Thread: the reactor's.
 */
@TorsionSpi
public fun Reactor.whenEnded(call: Runnable) {
    val life = capability(LifeCycle::class.java)
    if (life == null) addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { call.run() } else life.whenEnded(call)
}
