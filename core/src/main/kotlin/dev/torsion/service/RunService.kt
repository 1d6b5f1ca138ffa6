// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Services")

package dev.torsion.service

import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent

/**
 * Runs [reactor] in the calling thread with this service: the whole of a program that is made of services, as Twisted's `Application`.
 *
 * ```java
 * Services.runUntilStopped(program, reactor); // until reactor.stop(), or Ctrl-C with Reactors.stopOnShutdown
 * ```
 *
 * The service is started once the reactor runs, and stopped when the reactor is asked to stop, which waits for it: see [startWith].
 *
 * @throws Exception what starting the service has thrown; the reactor has stopped then
 */
@Throws(Exception::class)
public fun Service.runUntilStopped(reactor: Reactor) {
    var failure: Throwable? = null
    stopWith(reactor)
    reactor.callWhenRunning {
        try {
            startService()
        } catch (e: Throwable) {
            failure = e
            reactor.stop()
        }
    }
    reactor.run()
    failure?.let { throw it }
}

/**
 * Starts this service once [reactor] runs, now when it does already, and stops it before the reactor stops: at
 * [SHUTDOWN][SystemEvent.SHUTDOWN], in the phase [BEFORE][Phase.BEFORE], when connections still work. The reactor waits until the
 * service has stopped. What starting or stopping it throws is reported by the reactor.
 *
 * Thread: the reactor's, or before it runs the one that sets it up.
 */
public fun Service.startWith(reactor: Reactor) {
    stopWith(reactor)
    reactor.callWhenRunning { startService() }
}

private fun Service.stopWith(reactor: Reactor) {
    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { stopService() }
}
