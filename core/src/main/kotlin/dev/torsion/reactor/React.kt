// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.deferred
import dev.torsion.defer.maybeAsyncDeferred
import java.util.concurrent.CancellationException

/** A program for [react]. */
public fun interface ReactMain {
    /** Begins the work, on the reactor's thread. The program ends when the Deferred fires. */
    @Throws(Exception::class)
    public fun run(reactor: Reactor): Deferred<*>
}

/** Ends a program of [react] with this exit [code]; Python's `SystemExit`. */
public class ExitException(
    /** 0 to 255. */
    public val code: Int,
) : RuntimeException("exit with code $code")

/**
 * Runs [main] on [reactor] in the calling thread until its Deferred fires, then stops the reactor; Twisted's `react`. It is for programs
 * that have an end.
 *
 * ```java
 * public static void main(String[] args) {
 *     System.exit(Reactors.react(reactor -> fetch(reactor, args[0])));
 * }
 * ```
 *
 * When the reactor is stopped before, [main]'s Deferred is cancelled, and the shutdown waits until it has fired.
 *
 * @return the exit code: that of an [ExitException], otherwise 0
 * @throws Throwable the exception of [main] or of its Deferred, the very same object
 */
@JvmOverloads
public fun react(reactor: Reactor = Reactor.create(), main: ReactMain): Int {
    var outcome: Outcome<Any?>? = null
    var wasStopped = false
    val finished =
        maybeAsyncDeferred { main.run(reactor).addCallback<Any?> { it } }.addBoth {
            outcome = it
            reactor.callWhenRunning(reactor::stopFromThread) // which stops nothing that is stopping already
        }
    reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
        if (outcome != null) return@addSystemEventTrigger null
        wasStopped = true
        finished.cancel()
        finished
    }
    reactor.run()
    val error = (outcome as? Failure)?.value
    return when {
        error == null -> 0
        error is ExitException -> error.code
        error is CancellationException && wasStopped -> 0
        else -> throw error
    }
}

/**
 * [react] for a suspend function, which runs on the reactor's thread.
 *
 * ```kotlin
 * fun main() = exitProcess(react { reactor -> println(fetch(reactor, "example.com")) })
 * ```
 *
 * The program ends when [main] has ended. Stopping the reactor before cancels it.
 */
@JvmSynthetic
public fun react(reactor: Reactor = Reactor.create(), main: suspend (Reactor) -> Unit): Int =
    react(reactor, ReactMain { it.scope.deferred { main(it) } })
