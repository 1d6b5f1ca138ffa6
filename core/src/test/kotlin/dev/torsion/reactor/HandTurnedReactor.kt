// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.loop.EngineFactory
import dev.torsion.spi.Engine
import dev.torsion.spi.Poller
import java.time.Duration
import java.util.concurrent.atomic.AtomicLong

/** A reactor without events and with a clock of its own, whose turns a test makes. */
internal class HandTurnedReactor private constructor(disconnecting: () -> Unit, options: ReactorOptions, private val time: AtomicLong) :
    EngineReactor(options, EngineFactory { _, _ -> NoEvents(disconnecting) }, time::get) {
    constructor(
        disconnecting: () -> Unit = {},
        options: ReactorOptions = ReactorOptions(blockedThreshold = Duration.ZERO),
    ) : this(disconnecting, options, AtomicLong())

    /** The time in nanoseconds; a call may move it: it then took that long. */
    var now: Long
        get() = time.get()
        set(value) = time.set(value)

    /** The steps of `run` before its first turn. */
    fun beginByHand() = begin()

    /** One turn of `run`, if it has one left. */
    fun turnByHand() {
        if (!isLooping) return
        turn(mayWait = false)
        if (!isLooping) end()
    }
}

private class NoEvents(private val disconnecting: () -> Unit) :
    Engine,
    Poller {
    private var isOver = false

    override val poller = this

    override fun await(timeoutNanos: Long) = Unit

    override fun dispatch() = Unit

    override fun wakeUp() = Unit

    override fun batchEnded() = Unit

    override fun close() = Unit

    override fun drain(drained: Runnable) {
        disconnectAll()
        drained.run()
    }

    override fun disconnectAll() {
        if (!isOver) disconnecting()
        isOver = true
    }
}
