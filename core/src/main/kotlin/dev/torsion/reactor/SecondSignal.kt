// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.loop.unfailing
import sun.misc.Signal
import java.util.concurrent.CopyOnWriteArrayList

/**
 * Lets a signal end a JVM that is shutting down already. The JVM itself ignores it: an impatient second Ctrl-C would wait for the shutdown
 * hooks like the first.
 *
 * This is the only use of `sun.misc.Signal`, which belongs to the module `jdk.unsupported`: every JDK has it, but a runtime made by `jlink`
 * may not, and then a second signal is ignored as it always was. The first signal stays with the JVM's shutdown hooks, which are for all
 * platforms, live together with the hooks of others, and work for `System.exit` too.
 */
internal object SecondSignal {
    private val log = Logger(Reactor::class.java)
    private val last = CopyOnWriteArrayList<Runnable>()

    /** From now on a signal ends the JVM. Before that it calls [last], which must not wait for anything. */
    fun endsTheJvm(last: Runnable) {
        this.last.add(last)
        if (!ModuleLayer.boot().findModule("jdk.unsupported").isPresent) return
        for (name in listOf("INT", "TERM", "HUP")) {
            try {
                Signal.handle(Signal(name)) { end(SIGNALLED + it.number) }
            } catch (e: IllegalArgumentException) {
                // This platform has none, or the JVM was told -Xrs.
                log.debug("no handler for the signal {signal}: {reason}", "signal" to name, LogKeys.REASON to e.message)
            }
        }
    }

    private fun end(code: Int) {
        try {
            last.forEach { unfailing { it.run() } }
        } finally {
            Runtime.getRuntime().halt(code)
        }
    }

    private const val SIGNALLED = 128 // the exit code of what a signal has ended is this and its number
}
