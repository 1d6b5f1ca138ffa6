// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.time.Duration

/**
 * A client's way to one destination, for as many attempts as it likes; Twisted's `IConnector`.
 *
 * Thread: the reactor's.
 */
public interface Connector {
    /** What it connects to, such as `example.com:80`. */
    public val destination: String

    /** Where it stands. */
    public val state: State

    /**
     * Tries to connect (again).
     *
     * @throws IllegalStateException when it is connecting or connected
     */
    public fun connect()

    /**
     * Gives the attempt up: the factory hears `clientConnectionFailed` with a [ConnectingCancelledException].
     *
     * @throws IllegalStateException when it is not connecting
     */
    public fun stopConnecting()

    /** Stops connecting, or loses the connection, whichever it is at; does nothing when disconnected. */
    public fun disconnect()

    /** The states of a [Connector]. */
    public enum class State { DISCONNECTED, CONNECTING, CONNECTED }

    public companion object {
        /** How long an attempt to connect may take, unless said otherwise: 30 s, as in Twisted. */
        @JvmField
        public val DEFAULT_TIMEOUT: Duration = Duration.ofSeconds(30)
    }
}
