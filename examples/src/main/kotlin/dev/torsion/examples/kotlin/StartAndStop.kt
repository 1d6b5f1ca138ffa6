// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.kotlin

import dev.torsion.clock.deferLater
import dev.torsion.examples.Output
import dev.torsion.reactor.Phase
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent
import kotlin.time.Duration.Companion.milliseconds

/** Begins and ends the loop. [reactor] has not run yet; when this returns it has, in the calling thread. */
fun startAndStop(reactor: Reactor, out: Output) {
    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.STARTUP) { out.println("before startup") }
    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
        out.println("before shutdown: saving, and everybody waits for it")
        reactor.deferLater(20.milliseconds) { out.println("saved") }
    }
    reactor.addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) { out.println("after shutdown") }
    reactor.callWhenRunning {
        out.println("the reactor is running")
        reactor.stop()
        out.println("stop() was called, and returned at once")
    }
    out.println("nothing has run yet")
    reactor.run()
    out.println("run() has returned")
}

fun main() = startAndStop(Reactor.create(), Output.CONSOLE)
