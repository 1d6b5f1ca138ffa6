// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

/**
 * A handler for [Connection.onMessage] whose [Deferred][dev.torsion.defer.Deferred]s do not always mean work: with one it can also say that
 * nobody asks for the next message. For adapters to another way of receiving, such as the Java facade.
 *
 * Thread: the reactor's.
 */
public interface MessageDemand {
    /** While a Deferred of this handler is pending: whether a message is being handled, or waits here to be asked for. Neither is the peer's idleness. */
    public val isBusy: Boolean

    /**
     * Whether somebody waits for the end of the connection while nobody asks for a message, nor is busy with one. Then messages that wait do not
     * hold the end up, as [Connection.whenClosed] says; asked when that is called, when bytes come, and when the peer has ended its side.
     */
    public val isEndAwaited: Boolean
}
