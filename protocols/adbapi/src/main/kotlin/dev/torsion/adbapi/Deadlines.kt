// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.log.Logger
import java.time.Duration
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ScheduledFuture
import java.util.concurrent.ScheduledThreadPoolExecutor
import java.util.concurrent.ThreadFactory
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/**
 * Deadlines of jobs that run at the same time: there are few, and nearly all of them are met. So a thread is woken when one may have
 * passed, and not for each that begins or ends.
 */
internal class Deadlines(name: String, threads: ThreadFactory = ThreadFactory { Thread(it, "$name-deadlines").apply { isDaemon = true } }) :
    AutoCloseable {
    private val lock = ReentrantLock()
    private val open: MutableSet<Deadline> = ConcurrentHashMap.newKeySet()
    private val timer =
        ScheduledThreadPoolExecutor(1, threads).apply {
            removeOnCancelPolicy = true
            setKeepAliveTime(1, TimeUnit.MINUTES)
            allowCoreThreadTimeOut(true)
        }

    @Volatile
    private var nextCheck = NEVER
    private var planned: ScheduledFuture<*>? = null

    /** Runs [passed], which must be quick, after [time], unless the deadline is closed before. Throws when the system has no thread for it. */
    fun after(time: Duration, passed: Runnable): Deadline {
        val deadline = Deadline(System.nanoTime() - ORIGIN + minOf(TimeUnit.NANOSECONDS.convert(time), LONGEST), passed)
        open.add(deadline)
        // A deadline that is added after a check has looked sees the check's new plan; the check sees one that is added before.
        if (deadline.at < nextCheck) {
            try {
                lock.withLock { plan(deadline.at) }
            } catch (e: Throwable) {
                deadline.close()
                throw e
            }
        }
        return deadline
    }

    private fun plan(at: Long) {
        if (at >= nextCheck || timer.isShutdown) return
        // First: a system that has no thread for it refuses, and then what was planned before stays.
        val next = timer.schedule(::check, at - (System.nanoTime() - ORIGIN), TimeUnit.NANOSECONDS)
        planned?.cancel(false)
        planned = next
        nextCheck = at
    }

    private fun check() {
        val now = System.nanoTime() - ORIGIN
        lock.withLock {
            nextCheck = NEVER
            open.minOfOrNull { if (it.at <= now) NEVER else it.at }?.let { if (it != NEVER) plan(it) }
        }
        for (deadline in open) if (deadline.at <= now && open.remove(deadline)) run(deadline.passed)
    }

    private fun run(passed: Runnable) {
        try {
            passed.run()
        } catch (e: Throwable) { // the others are no worse for it
            log.failure("what was to happen at a deadline failed", e)
        }
    }

    override fun close() {
        lock.withLock { timer.shutdownNow() }
    }

    internal inner class Deadline(val at: Long, val passed: Runnable) : AutoCloseable {
        override fun close() {
            open.remove(this)
        }
    }

    private companion object {
        val ORIGIN = System.nanoTime()
        const val NEVER = Long.MAX_VALUE
        const val LONGEST = Long.MAX_VALUE / 4
        val log = Logger(ConnectionPool::class.java)
    }
}
