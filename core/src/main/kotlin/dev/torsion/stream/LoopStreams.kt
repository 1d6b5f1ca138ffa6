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
    @get:JvmSynthetic
    internal val stage = WriteStage()

    @get:JvmSynthetic internal val chunks = ChunkPool()
    private val endings = LinkedHashSet<EndsWithLoop>()
    private val draining = LinkedHashSet<Any>()
    private var drained: Runnable? = null
    private val portDrains = LinkedHashSet<PortDrain>()
    private var cuts = Cuts()
    private val unsettled = ArrayDeque<StreamTransport>()
    private val parts = HashMap<Class<*>, Any>(1)

    /** Counts the turns. */
    @get:JvmSynthetic
    internal var turnNumber = 0
        private set

    /** A turn begins: each stream may send its share again. */
    public fun turnBegan() {
        turnNumber++
    }

    /** Whether callbacks have left something to do for [batchEnded]. */
    public val hasWork: Boolean get() = stage.owner != null || unsettled.isNotEmpty()

    /** Sends what the callbacks have written. Until [batchEnded] no stream ends for it. */
    public fun send(): Unit = stage.flush()

    /** Sends what the callbacks have written, and settles the streams that they left. */
    public fun batchEnded() {
        stage.flush()
        while (unsettled.isNotEmpty()) {
            val transport = unsettled.removeFirst()
            loop.guarded({ "closing $transport" }) { transport.settle() }
            stage.flush()
        }
    }

    /** The object that streams of one kind share on this loop, such as memory: [make] makes it when it is first asked for. */
    @JvmSynthetic
    internal fun <T : Any> part(type: Class<T>, make: () -> T): T = type.cast(parts.getOrPut(type, make))

    /** [ending] hears of the loop's end, until it is [removed][remove]. */
    public fun add(ending: EndsWithLoop) {
        endings.add(ending)
    }

    /** [ending] has ended by itself. */
    public fun remove(ending: EndsWithLoop) {
        endings.remove(ending)
    }

    /** The loop is about to end: tells those that have no channel of their own to hear it from. */
    public fun loopEnding() {
        endings.toList().forEach { loop.guarded({ "stopping $it" }, it::loopEnding) }
    }

    /** How many of those there are that [which] says. */
    @JvmSynthetic
    internal inline fun count(which: (EndsWithLoop) -> Boolean): Int = known().count(which)

    @JvmSynthetic
    internal fun known(): Collection<EndsWithLoop> = endings

    /** The loop ends: tells those that have no channel of their own to hear it from. May be called again. */
    public fun loopEnded() {
        endings.toList().forEach { loop.guarded({ "stopping $it" }, it::loopEnded) }
    }

    /** [stream] has something to send before the loop ends. */
    @JvmSynthetic
    internal fun drains(stream: Any) {
        draining.add(stream)
    }

    /** [stream] has ended. */
    @JvmSynthetic
    internal fun hasDrained(stream: Any) {
        if (draining.remove(stream)) tellDrained()
    }

    /** Calls [call] once, as soon as no stream has anything left to send: now, or at the end of the last of them. */
    public fun whenDrained(call: Runnable) {
        drained = call
        tellDrained()
    }

    private fun tellDrained() {
        if (draining.isNotEmpty()) return
        val call = drained ?: return
        drained = null
        call.run()
    }

    /** [stream] was cut at the loop's end, with so many bytes that were written and not sent. */
    @JvmSynthetic
    internal fun wasCut(stream: StreamTransport, bytes: Long) = cuts.add(stream, bytes)

    /** Those that were cut since the last call. */
    @JvmSynthetic
    internal fun takeCuts(): Cuts = cuts.also { cuts = Cuts() }

    @JvmSynthetic
    internal fun add(drain: PortDrain) {
        portDrains.add(drain)
    }

    @JvmSynthetic
    internal fun remove(drain: PortDrain) {
        portDrains.remove(drain)
    }

    /** Time is short: ports that end their connections wait for nobody any more. */
    @JvmSynthetic
    internal fun cutDrains() = portDrains.toList().forEach { loop.guarded({ "cutting $it" }, it::cut) }

    /** [transport] has something to settle once the running callbacks have returned: its end, or a half of it. */
    @JvmSynthetic
    internal fun settleLater(transport: StreamTransport) {
        unsettled.addLast(transport)
        if (!loop.inLoop) loop.runSoon(::batchEnded)
    }
}

/** Ends with its loop, and has no channel that says so: an attempt to connect, a share of a port. Thread: the loop's. */
@TorsionSpi
public fun interface EndsWithLoop {
    /** The loop is about to end: this ends, at once or when it has sent what was written. [loopEnded] follows if it has not ended by then. */
    public fun loopEnding(): Unit = loopEnded()

    /** The loop ends: this ends now, and takes itself [off the list][LoopStreams.remove]. */
    public fun loopEnded()
}
