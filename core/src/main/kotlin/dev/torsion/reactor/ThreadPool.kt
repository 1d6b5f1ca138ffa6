// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.ThreadFactory
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

/**
 * Threads for blocking work: what [Reactor.callInThread] and [Reactor.deferToThread] use; Twisted's `ThreadPool`.
 *
 * Threads are made when there is work, up to [size], and end after a minute without any. Work that finds them all busy waits in a
 * queue of at most [QUEUE_LIMIT] calls. Work given before the reactor runs waits until it does.
 *
 * Thread: [callInThread] may be called from anywhere.
 */
public class ThreadPool internal constructor(
    name: String,
    private val report: (String, Throwable) -> Unit,
) {
    private val threadNumber = AtomicInteger()
    private val early = ArrayList<Runnable>()
    private var isStarted = false

    private var whenTerminated = Runnable {}

    private val executor =
        object : ThreadPoolExecutor(
            DEFAULT_SIZE,
            DEFAULT_SIZE,
            1,
            TimeUnit.MINUTES,
            LinkedBlockingQueue(QUEUE_LIMIT),
            ThreadFactory { Thread(it, "$name-pool-${threadNumber.incrementAndGet()}") },
        ) {
            override fun terminated() = whenTerminated.run()
        }.apply { allowCoreThreadTimeOut(true) }

    /** How many threads there may be at most. */
    public val size: Int get() = executor.maximumPoolSize

    /** How many threads there are now. */
    public val threadCount: Int get() = executor.poolSize

    /**
     * Runs [call] on one of the threads.
     *
     * @throws RejectedExecutionException when the pool was stopped, or [QUEUE_LIMIT] calls wait already
     */
    public fun callInThread(call: Runnable) {
        val guarded =
            Runnable {
                try {
                    call.run()
                } catch (e: Throwable) {
                    report("a call in a thread of the pool failed", e)
                }
            }
        synchronized(early) {
            if (!isStarted) {
                if (executor.isShutdown) throw RejectedExecutionException("the reactor's thread pool was stopped")
                if (early.size >= QUEUE_LIMIT) throw RejectedExecutionException("$QUEUE_LIMIT calls wait for the reactor to run")
                early.add(guarded)
                return
            }
        }
        submit(guarded)
    }

    internal fun start() {
        synchronized(early) {
            isStarted = true
            early.forEach(::submit)
            early.clear()
        }
    }

    internal fun resize(size: Int) {
        require(size > 0) { "a thread pool needs at least one thread, but $size were suggested" }
        if (size > executor.maximumPoolSize) {
            executor.maximumPoolSize = size
            executor.corePoolSize = size
        } else {
            executor.corePoolSize = size
            executor.maximumPoolSize = size
        }
    }

    /** Takes no more work. What was given is done, and then [terminated] runs, on any thread. */
    internal fun stop(terminated: Runnable) {
        whenTerminated = terminated
        executor.shutdown()
    }

    private fun submit(call: Runnable) {
        try {
            executor.execute(call)
        } catch (e: RejectedExecutionException) {
            val why = if (executor.isShutdown) "the reactor's thread pool was stopped" else "$QUEUE_LIMIT calls wait for a thread"
            throw RejectedExecutionException(why, e)
        }
    }

    override fun toString(): String = "ThreadPool(${executor.poolSize} of at most $size threads, ${executor.queue.size} calls waiting)"

    public companion object {
        /** How many calls may wait for a thread. */
        public const val QUEUE_LIMIT: Int = 65_536

        private const val DEFAULT_SIZE = 10
    }
}
