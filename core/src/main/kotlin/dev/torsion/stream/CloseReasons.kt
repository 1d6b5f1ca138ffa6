// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.clock.saturatedMillis
import dev.torsion.log.safeMessage
import dev.torsion.net.ClosePhase
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionAborted
import dev.torsion.net.ConnectionLost
import dev.torsion.net.HasBreaker
import dev.torsion.net.Transport
import java.io.IOException
import java.net.NoRouteToHostException
import java.net.SocketTimeoutException
import java.time.Duration

// Why a connection ends when it does not end in order, in the words that users read. The phase is the one in which that was decided.

/** This side gives up, for [cause] if there is one. */
internal fun Transport.aborted(cause: Throwable?, phase: ClosePhase): ConnectionAborted {
    val why = cause?.let { "This side aborted the connection: ${safeMessage(it)}" } ?: "This side aborted the connection."
    return ConnectionAborted(why, cause, phase, bufferedBytes)
}

/** The channel has failed with [error]. */
internal fun Transport.lost(error: Throwable, phase: ClosePhase) = ConnectionLost(
    "The connection to ${peer()} was lost: ${safeMessage(error)?.removeSuffix(".")}.",
    error,
    breakerOf(error),
    phase,
    bufferedBytes,
)

/**
 * The side that has broken a connection that failed with [error]. The peer's machine sends a reset. Our machine finds out that nothing came
 * through for long, or that there is no way there any more. Java tells it by the system's message only.
 */
internal fun breakerOf(error: Throwable): ClosedBy {
    if (error is HasBreaker) return error.by
    if (error is NoRouteToHostException || error is SocketTimeoutException) return ClosedBy.NETWORK
    val message = (error as? IOException)?.message?.lowercase() ?: return ClosedBy.PEER
    return if (OF_THE_NETWORK.any { it in message }) ClosedBy.NETWORK else ClosedBy.PEER
}

/** ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, ENETRESET; and what Windows says for the first two. */
private val OF_THE_NETWORK =
    listOf(
        "timed out",
        "no route to host",
        "unreachable",
        "host is down",
        "network is down",
        "network dropped connection",
        "semaphore timeout",
        "network name is no longer available",
    )

/** The connection was closing, and the peer has taken nothing for [time]. */
internal fun Transport.stalled(time: Duration): ConnectionLost {
    val message = "The peer ${peer()} took nothing for ${time.saturatedMillis()} ms while the connection was closing."
    return ConnectionLost(message, null, ClosedBy.PEER, ClosePhase.CLOSING, bufferedBytes)
}

/** The loop has ended. */
internal fun Transport.stopped(phase: ClosePhase) = ConnectionLost("The reactor has stopped.", null, ClosedBy.US, phase, bufferedBytes)
