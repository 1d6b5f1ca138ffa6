// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Services")

package dev.torsion.service

import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent

/**
 * Runs [reactor] in the calling thread with this service: a whole program that is made of services, like Twisted's `Application`.
 *
 * ```java
 * Services.runUntilStopped(program, reactor); // until reactor.stop(), or Ctrl-C with Reactors.stopOnShutdown
 * ```
 *
 * The service starts once the reactor runs. It stops when the reactor is asked to stop, and the reactor waits for it: see [startWith].
 *
 * @throws Exception the exception of the service's start; the reactor has stopped then
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
 * Starts this service once [reactor] runs, and now if it does already. Stops it before the reactor stops: at
 * [SHUTDOWN][SystemEvent.SHUTDOWN], in the phase [BEFORE][Phase.BEFORE], when connections still work. The reactor waits until the
 * service has stopped, and reports the exceptions of its start and stop.
 *
 * Thread: the reactor's, or before it runs the thread that sets it up.
 */
public fun Service.startWith(reactor: Reactor) {
    stopWith(reactor)
    reactor.callWhenRunning { startService() }
}

private fun Service.stopWith(reactor: Reactor) {
    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) { stopService() }
}
