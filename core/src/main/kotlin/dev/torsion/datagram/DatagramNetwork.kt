// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.datagram

import dev.torsion.loop.EventLoop
import dev.torsion.spi.DatagramSockets
import dev.torsion.spi.TorsionSpi

/**
 * A loop with the UDP sockets of its engine: all that ports with protocols are made of.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface DatagramNetwork :
    EventLoop,
    DatagramSockets {
    /** The shared parts of all UDP ports of this loop; always the same object. */
    public val loopDatagrams: LoopDatagrams

    /**
     * Refuses to open anything that nobody would close any more.
     *
     * @throws dev.torsion.loop.ReactorNotRunningException when the loop is ending, or has ended
     */
    public fun checkTakesNew()
}
