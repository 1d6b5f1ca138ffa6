// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmMultifileClass
@file:JvmName("Services")

package dev.torsion.service

import dev.torsion.defer.deferred
import dev.torsion.defer.maybeAsyncDeferred
import dev.torsion.endpoint.EndpointSyntaxException
import dev.torsion.log.Logger
import dev.torsion.log.safeMessage
import dev.torsion.net.CannotConnectException
import dev.torsion.net.CannotListenException
import dev.torsion.reactor.ExitException
import dev.torsion.reactor.Phase
import dev.torsion.reactor.ReactMain
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.SystemEvent
import java.util.concurrent.CancellationException

/**
 * Runs [reactor] in the calling thread for a program that has no end of its own, such as a server. [main] sets it up, on the reactor's
 * thread once that runs. When its Deferred has fired, the reactor runs on until it is stopped.
 *
 * ```java
 * public static void main(String[] args) {
 *     System.exit(Services.runUntilStopped(Reactor.create(), reactor -> Endpoints.serverFromString(reactor, args[0]).listen(factory)));
 * }
 * ```
 *
 * A set-up that fails ends the program: the reactor stops, and the reason is logged as an error. It is one line when the cause is around the
 * program: a port that is taken, a server that is not there, an endpoint string that is not understood. Any other exception has its stack
 * trace. When the reactor is stopped before the set-up has ended, its Deferred is cancelled, and the shutdown waits until it has fired.
 *
 * See [react][dev.torsion.reactor.react] for a program that has an end.
 *
 * @return the exit code: 0 when the reactor was stopped, that of an [ExitException], 1 when the set-up has failed otherwise
 */
@JvmOverloads
public fun runUntilStopped(reactor: Reactor = Reactor.create(), main: ReactMain): Int {
    var failure: Throwable? = null
    var isStopping = false
    reactor.callWhenRunning {
        val begun =
            maybeAsyncDeferred { main.run(reactor).addCallback<Any?> { it } }.addErrback {
                if (!(isStopping && it.value is CancellationException)) failure = it.value
                reactor.stopFromThread() // which stops nothing that is stopping already
                null
            }
        reactor.addSystemEventTrigger(Phase.BEFORE, SystemEvent.SHUTDOWN) {
            isStopping = true
            if (!begun.called || begun.isPaused) begun.cancel()
            begun
        }
    }
    reactor.run()
    return failure?.let(::exitCode) ?: 0
}

/**
 * [runUntilStopped] for a suspend function, which runs on the reactor's thread.
 *
 * ```kotlin
 * fun main(args: Array<String>) {
 *     val code = runUntilStopped { reactor ->
 *         reactor.serve(args[0], LineCodec()) { connection ->
 *             for (line in connection.incoming) connection.send(line.uppercase())
 *         }.await()
 *     }
 *     exitProcess(code)
 * }
 * ```
 */
@JvmSynthetic
public fun runUntilStopped(reactor: Reactor = Reactor.create(), main: suspend (Reactor) -> Unit): Int =
    runUntilStopped(reactor, ReactMain { it.scope.deferred { main(it) } })

private fun exitCode(failure: Throwable): Int {
    when (failure) {
        is ExitException -> return failure.code
        is CannotListenException, is CannotConnectException, is EndpointSyntaxException ->
            log.error("The program cannot start: {reason}", "reason" to safeMessage(failure))
        else -> log.failure("The program cannot start", failure)
    }
    return 1
}

private val log = Logger("dev.torsion.service.Services")
