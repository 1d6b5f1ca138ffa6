// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.spi.TorsionSpi

/**
 * Runs [call] when this reactor has ended for good, after the last turn, in every case. A [crash][Reactor.crash] during the shutdown leaves
 * out the triggers that have not run, but not this call. A reactor that has crashed earlier has not ended yet. It is for code that has
 * given out futures which nothing else would complete any more. Its exceptions are reported.
 *
 * Thread: the reactor's.
 */
@TorsionSpi
public fun Reactor.whenEnded(call: Runnable) {
    val life = capability(LifeCycle::class.java)
    if (life == null) addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { call.run() } else life.whenEnded(call)
}
