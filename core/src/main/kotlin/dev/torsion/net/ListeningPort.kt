// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.defer.Deferred

/**
 * A port that accepts connections; Twisted's `IListeningPort`.
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
