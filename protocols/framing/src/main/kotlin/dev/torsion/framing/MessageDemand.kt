// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.spi.TorsionSpi

/**
 * A handler for [MessageConnection.onMessage] whose [Deferred][dev.torsion.defer.Deferred]s do not always mean work: a pending one may
 * also mean that nobody asks for the next message. It is for adapters to another way of receiving, such as the Java facade.
 *
 * Thread: the reactor's.
 */
@TorsionSpi
public interface MessageDemand {
    /** Asked while a Deferred of this handler is pending: whether a message is being handled, or waits here. Then the peer is not idle. */
    public val isBusy: Boolean

    /** Whether a message is being handled: then the pending Deferred is that of the work, and cancelling it cancels the work. */
    public val isHandling: Boolean

    /** Whether a message waits here that nobody has asked for. */
    public val holdsMessage: Boolean get() = isBusy && !isHandling

    /** Fires when the work is done that this has begun and no pending Deferred stands for; null when there is none. */
    public val unfinished: Deferred<*>? get() = null

    /**
     * TLS begins: gives whether a message waits here that has come in the clear. The connection is aborted then. A message that comes back
     * later, from somebody who has not looked at it, must not be received either.
     */
    public fun tlsBegins(): Boolean = holdsMessage

    /** Whether there is such [unfinished] work. Then the peer is not idle. */
    public val isAtWork: Boolean get() = false

    /** Whether work goes on of which nobody says when it ends. With [ConnectionOptions.halfClose] the program closes the connection then. */
    public val endsUnseen: Boolean get() = false

    /** The peer has ended its side, and all its messages are done with. */
    public fun peerEnded() {}

    /** This side has closed the connection: what has come and waits is received no more. */
    public fun receivingStopped() {}

    /**
     * Whether somebody waits for the end of the connection while nobody asks for a message or is busy with one. Then waiting messages do
     * not hold the end up, as [MessageConnection.whenClosed] says. Asked when that is called, when bytes come, and when the peer has ended
     * its side.
     */
    public val isEndAwaited: Boolean
}
