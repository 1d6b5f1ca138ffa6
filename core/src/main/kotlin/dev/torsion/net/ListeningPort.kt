// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.defer.Deferred
import java.time.Duration

/**
 * A port that accepts connections, or receives datagrams; Twisted's `IListeningPort`.
 *
 * Thread: the reactor's.
 */
public interface ListeningPort {
    /** The address it listens on, or did last, with the real port number where 0 was asked for; Twisted's `getHost`. */
    public fun host(): Address

    /**
     * The port number of [host].
     *
     * @throws IllegalStateException when it listens on something that has no number
     */
    public fun port(): Int = host().portNumber()

    /** True until [stopListening], and again after [startListening]. */
    public val isListening: Boolean

    /**
     * Accepts no more connections. Existing connections live on. The Deferred fires when the port is free again. When the factory's
     * [stopFactory][Factory.stopFactory] throws, the Deferred fails with that exception once the port is free, as in Twisted. Calling it
     * again gives a Deferred that fires as well.
     */
    public fun stopListening(): Deferred<Unit>

    /** [drain] with [DrainReport.DEFAULT_TIMEOUT]. */
    public fun drain(): Deferred<DrainReport> = drain(DrainReport.DEFAULT_TIMEOUT)

    /**
     * [stopListening], and ends the connections that this port has accepted. Each of them sends what was written, as by
     * [loseConnection][Transport.loseConnection]. Those that have not sent everything after [timeout] are reset, with a
     * [DrainTimeoutException] as the cause, so that no peer takes a cut for the end.
     *
     * The Deferred fires with a report when the port is free and no connection is left. It fails as that of [stopListening] does, and also
     * then only when no connection is left. Cancelling it only ends the waiting. Calling it again waits for the same ends, with a time-out
     * of its own.
     *
     * @param timeout zero resets at once what has something to send
     * @throws IllegalArgumentException when [timeout] is negative
     */
    public fun drain(timeout: Duration): Deferred<DrainReport> = stopListening().addCallback { DrainReport.NONE }

    /**
     * Listens again after [stopListening], once its Deferred has fired or failed, and starts the factory. If port 0 was asked for, it may
     * be another port this time.
     *
     * @throws CannotListenException when the port is taken by now, or not allowed. This port stays closed, and may be tried again
     * @throws IllegalStateException when it is listening, or is not free yet, or the reactor is ending
     */
    public fun startListening()

    public companion object {
        /** How many connections may wait to be accepted, unless said otherwise: enough for a burst while the loop is busy (Twisted: 50). */
        public const val DEFAULT_BACKLOG: Int = 1024
    }
}
