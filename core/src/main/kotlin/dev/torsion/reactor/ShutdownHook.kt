// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import java.time.Duration
import kotlin.time.toJavaDuration

/**
 * Stops this reactor when the JVM is told to end, by Ctrl-C, a termination signal or `System.exit`: the shutdown triggers run, their
 * Deferreds are awaited and connections are closed, for at most [timeout]; then the JVM ends. Without this the JVM ends at once.
 *
 * For programs, once, before the reactor runs. The hook is taken out of the JVM when the reactor ends by itself. What stands behind
 * [Reactor.run] may not get to run any more: what must happen belongs into a shutdown trigger. `System.exit` on the reactor's own
 * thread holds up that thread, and with it the triggers, until the time is up: call [Reactor.stop] there.
 *
 * Thread: the reactor's.
 */
public fun Reactor.stopOnShutdown(timeout: Duration) {
    addShutdownHook(timeout)
}

/** [stopOnShutdown] with a Kotlin duration. */
public fun Reactor.stopOnShutdown(timeout: kotlin.time.Duration): Unit = stopOnShutdown(timeout.toJavaDuration())

internal fun Reactor.addShutdownHook(timeout: Duration): Thread {
    require(!timeout.isNegative) { "a timeout must not be negative, but $timeout was given" }
    val hook =
        Thread({
            if (!stopAndJoin(timeout)) {
                log.warn(
                    "{reactor} has not ended within {timeout} of the JVM's shutdown",
                    LogKeys.REACTOR to toString(),
                    "timeout" to timeout.toString(),
                )
            }
        }, "torsion-shutdown")
    addSystemEventTrigger(Phase.AFTER, SystemEvent.SHUTDOWN) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook)
        } catch (e: IllegalStateException) {
            log.debug("the JVM is ending: {reason}", LogKeys.REASON to e.message) // the hook is what stops us
        }
    }
    Runtime.getRuntime().addShutdownHook(hook)
    return hook
}

private val log = Logger(Reactor::class.java)
