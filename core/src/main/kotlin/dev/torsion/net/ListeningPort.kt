// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.defer.Deferred

/**
 * A port on which connections are accepted; Twisted's `IListeningPort`.
 *
 * Thread: the reactor's.
 */
public interface ListeningPort {
    /** The address it listens on, with the real port number where 0 was asked for; Twisted's `getHost`. */
    public fun host(): InternetAddress

    /** True until [stopListening]. */
    public val isListening: Boolean

    /**
     * Accepts no more connections; those that exist live on. Fires when the port is free again. Calling it again gives a Deferred that
     * has fired.
     */
    public fun stopListening(): Deferred<Unit>

    public companion object {
        /** How many connections may wait to be accepted, unless said otherwise: enough for a burst while the loop is busy (Twisted: 50). */
        public const val DEFAULT_BACKLOG: Int = 1024
    }
}
