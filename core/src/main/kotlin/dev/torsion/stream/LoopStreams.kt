// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.spi.TorsionSpi

/**
 * What the streams of one [loop] share: where their writes of a batch are gathered, memory for what is not taken at once, and which of
 * them have something to settle.
 *
 * Thread: the loop's.
 */
@TorsionSpi
public class LoopStreams(
    private val loop: StreamLoop,
) {
    internal val stage = WriteStage()
    internal val chunks = ChunkPool()
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
            loop.guarded(null, { "closing $transport" }) { transport.settle() }
            stage.flush()
        }
    }

    /** [transport] has something to settle once the running callbacks have returned: its end, or a half of it. */
    internal fun settleLater(transport: StreamTransport) {
        unsettled.addLast(transport)
        if (!loop.isInReactorThread) loop.runSoon(::batchEnded)
    }
}
