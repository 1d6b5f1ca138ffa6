// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.TimerQueue
import dev.torsion.net.WrongThreadException
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.LoopStreams
import dev.torsion.stream.StreamLoop
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Executor
import java.util.concurrent.TimeUnit

/** The loop of one [StringTransport]: the thread that made it, without turns of its own, and a time that stands still. */
@OptIn(TorsionSpi::class)
internal class StringLoop : StreamLoop {
    private val owner = Thread.currentThread()
    private val timers = TimerQueue { 0 }
    private val tasks = ConcurrentLinkedQueue<Runnable>()

    /** The errors that callbacks have thrown. */
    val failures: Failures = Failures()

    override val streams: LoopStreams = LoopStreams(this)

    override val name: String get() = "string"

    override val isEnding: Boolean get() = false

    override fun checkTakesNew() {}

    override val inLoop: Boolean get() = Thread.currentThread() === owner

    override fun checkThread(operation: String) {
        if (inLoop) return
        throw WrongThreadException("$operation was called on ${Thread.currentThread()}, but this transport belongs to $owner")
    }

    override val dispatcher: CoroutineDispatcher get() = Dispatchers.Unconfined

    override val scope: CoroutineScope = CoroutineScope(SupervisorJob() + Dispatchers.Unconfined)

    /** No other threads: what takes long is done here, when it is its turn. */
    override val workers: Executor get() = Executor { tasks.add(it) }

    override fun nanoTime(): Long = 0

    override fun callLater(delay: Long, unit: TimeUnit, call: Runnable): DelayedCall = timers.add(delay, unit, call)

    override fun delayedCalls(): List<DelayedCall> = timers.calls()

    override fun callFromThread(call: Runnable) {
        tasks.add(call)
    }

    override fun execute(command: Runnable): Unit = callFromThread(command)

    override fun runSoon(task: Runnable): Boolean = tasks.add(task)

    override fun reportError(context: String, error: Throwable, values: Map<String, Any?>): Unit = failures.add(error)

    /** Runs what was to run soon, and does what callbacks have left to do. */
    fun settle() {
        while (true) (tasks.poll() ?: break).run()
        streams.batchEnded()
    }

    override fun toString(): String = "StringLoop($owner)"
}
