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
    /** The destination, such as `example.com:80`. */
    public val destination: String

    /** Its present state. */
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

    /** Stops connecting while it connects, and loses the connection while it is connected. Otherwise it does nothing. */
    public fun disconnect()

    /** The states of a [Connector]. */
    public enum class State { DISCONNECTED, CONNECTING, CONNECTED }

    public companion object {
        /** How long an attempt to connect may take, unless said otherwise: 30 s, as in Twisted. */
        @JvmField
        public val DEFAULT_TIMEOUT: Duration = Duration.ofSeconds(30)
    }
}
