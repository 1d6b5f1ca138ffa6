// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.loop.guarded
import dev.torsion.spi.TorsionSpi

/**
 * The shared parts of all streams of one [loop]: the stage that gathers the writes of a batch, memory for queued bytes, and the list of
 * streams that have something to settle.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public class LoopStreams(private val loop: StreamLoop) {
    internal val stage = WriteStage()
    internal val chunks = ChunkPool()
    private val endings = LinkedHashSet<EndsWithLoop>()
    private val unsettled = ArrayDeque<StreamTransport>()

    /** Counts the turns. */
    internal var turn = 0
        private set

    /** A turn begins: each stream may send its share again. */
    public fun turnBegan() {
        turn++
    }

    /** Whether callbacks have left something to do for [batchEnded]. */
    public val hasWork: Boolean get() = stage.owner != null || unsettled.isNotEmpty()

    /** Sends what the callbacks have written, and settles the streams that they left. */
    public fun batchEnded() {
        stage.flush()
        while (unsettled.isNotEmpty()) {
            val transport = unsettled.removeFirst()
            loop.guarded({ "closing $transport" }) { transport.settle() }
            stage.flush()
        }
    }

    /** [ending] hears of the loop's end, until it is [removed][remove]. */
    public fun add(ending: EndsWithLoop) {
        endings.add(ending)
    }

    /** [ending] has ended by itself. */
    public fun remove(ending: EndsWithLoop) {
        endings.remove(ending)
    }

    /** The loop ends: tells those that have no channel of their own to hear it from. May be called again. */
    public fun loopEnded() {
        endings.toList().forEach { loop.guarded({ "stopping $it" }, it::loopEnded) }
    }

    /** [transport] has something to settle once the running callbacks have returned: its end, or a half of it. */
    internal fun settleLater(transport: StreamTransport) {
        unsettled.addLast(transport)
        if (!loop.inLoop) loop.runSoon(::batchEnded)
    }
}

/** Ends with its loop, and has no channel that says so: an attempt to connect, a share of a port. Thread: the loop's. */
@TorsionSpi
public fun interface EndsWithLoop {
    /** The loop ends: this ends now, and takes itself [off the list][LoopStreams.remove]. */
    public fun loopEnded()
}
