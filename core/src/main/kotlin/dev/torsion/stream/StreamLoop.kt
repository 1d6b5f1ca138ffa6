// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.loop.EventLoop
import dev.torsion.spi.Network
import dev.torsion.spi.TorsionSpi
import dev.torsion.spi.UnixNetwork

/**
 * The loop that a byte stream lives on: an [EventLoop] with [LoopStreams].
 *
 * A loop calls [LoopStreams.turnBegan] before it handles the events of a turn, [LoopStreams.batchEnded] after each batch of callbacks (the
 * event of a channel, the timers that were due, the tasks), and [LoopStreams.loopEnded] when its connections are to end.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public interface StreamLoop : EventLoop {
    /** The shared parts of all streams of this loop; always the same object. */
    public val streams: LoopStreams

    /** Whether connections are ended and nothing new is opened. On any thread. */
    public val isEnding: Boolean

    /**
     * Refuses to open anything that nobody would close any more.
     *
     * @throws dev.torsion.loop.ReactorNotRunningException when the loop [isEnding]
     */
    public fun checkTakesNew()
}

/** A loop with the network of its engine: all that ports and connectors with protocols are made of. Thread: the loop's. */
@TorsionSpi
public interface StreamNetwork :
    StreamLoop,
    Network

/** The same for UNIX sockets. Thread: the loop's. */
@TorsionSpi
public interface UnixStreamNetwork :
    StreamLoop,
    UnixNetwork
