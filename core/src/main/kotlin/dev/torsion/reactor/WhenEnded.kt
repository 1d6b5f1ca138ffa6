// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.spi.TorsionSpi

/**
 * Runs [call] at this reactor's next [crash][Reactor.crash], after its last turn, unless what this gives is closed before. It is for code
 * that waits for what nobody does while the reactor does not run. One that has crashed already is not waited for: look at its
 * [state][Reactor.state] after this call. A reactor of another kind than Torsion's own tells nobody.
 *
 * Thread: any; the call runs on the reactor's. Its exceptions are reported.
 */
@TorsionSpi
public fun Reactor.whenCrashed(call: Runnable): AutoCloseable = capability(LifeCycle::class.java)?.whenCrashed(call) ?: AutoCloseable { }

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
