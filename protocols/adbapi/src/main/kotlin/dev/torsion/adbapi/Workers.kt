// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import dev.torsion.log.Logger
import dev.torsion.loop.ContextCarrier
import dev.torsion.loop.ThreadPool
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/**
 * The threads that jobs run on, and the queue before them. A job leaves the queue when it is cancelled, so what nobody waits for takes no
 * place.
 */
internal class Workers(private val options: ConnectionPoolOptions, private val lookout: Lookout<Job<*>> = Lookout()) {
    private val lock = ReentrantLock()
    private val queue = LinkedHashSet<Job<*>>()
    private val running = HashSet<Job<*>>()
    private val threads = ThreadPool(options.name, options.connections, options.threadFactory, ContextCarrier.none()).apply { start() }
    private var active = 0 // threads that are at work, or on their way to it
    private var whenIdle: Runnable? = null
    private var isClosed = false
    private val own: MutableSet<Thread> = ConcurrentHashMap.newKeySet()

    /** Whether this is one of the threads that jobs run on. */
    val isOnOwnThread: Boolean get() = Thread.currentThread() in own

    val busyCount: Int get() = lock.withLock { running.size }

    val waitingCount: Int get() = lock.withLock { queue.size }

    val threadCount: Int get() = threads.threadCount

    /** @throws TooBusyException @throws ConnectionPoolClosedException */
    fun submit(job: Job<*>) {
        lock.withLock {
            if (isClosed) throw ConnectionPoolClosedException("the connection pool ${options.name} was closed")
            if (lookout.give(job)) {
                running.add(job) // before its thread, which needs the lock for it, can have done it
                return
            }
            lookout.missed(isAlone = active == 0)
            if (active == options.connections) {
                if (queue.size >= options.queueLimit) {
                    throw TooBusyException("${queue.size} queries wait for the $active threads of the connection pool ${options.name}")
                }
                queue.add(job)
                return
            }
            running.add(job)
            active++
            try {
                threads.callInThread { work(job) }
            } catch (e: Throwable) { // out of threads
                running.remove(job)
                active--
                throw e
            }
        }
    }

    /** [job] was ended before its turn. */
    fun remove(job: Job<*>) {
        lock.withLock {
            queue.remove(job)
        }
    }

    /** Takes no more. [idle] is called when all that was given is over: perhaps now. */
    fun close(idle: Runnable) {
        val isIdle =
            lock.withLock {
                isClosed = true
                whenIdle = idle
                active == 0
            }
        if (isIdle) idle.run()
    }

    /** The jobs that run, and those that wait, now. */
    fun jobs(): List<Job<*>> = lock.withLock { running + queue }.toList()

    /** Lets the threads end. */
    fun stop(): Unit = threads.stop()

    private fun work(first: Job<*>) {
        var job: Job<*>? = first
        own.add(Thread.currentThread())
        while (job != null) {
            try {
                job.run()
            } catch (e: Throwable) { // the thread lives on for those that wait
                report(e)
            }
            Thread.interrupted() // it was meant for the one that is over
            job = next(job)
        }
        own.remove(Thread.currentThread())
    }

    private fun report(error: Throwable) {
        try {
            log.failure("a query of {pool} could not be finished", error, "pool" to options.name)
        } catch (_: Throwable) {
            // Nobody is left who could be told.
        }
    }

    /** The next job of the thread that has done [done]; null when it has nothing to do. */
    private fun next(done: Job<*>): Job<*>? {
        var idle: Runnable? = null
        val looks =
            lock.withLock {
                running.remove(done)
                queued()?.let { return it }
                (active == 1 && !isClosed && lookout.opens()).also { if (!it) idle = leave() }
            }
        if (looks) {
            val given = lookout.look()
            Thread.interrupted()
            if (given != null) return given
            lock.withLock {
                lookout.lookedInVain()
                queued()?.let { return it } // it came in the last moment
                idle = leave()
            }
        }
        idle?.run()
        return null
    }

    /** With the lock. */
    private fun queued(): Job<*>? {
        val next = queue.firstOrNull() ?: return null
        queue.remove(next)
        running.add(next)
        return next
    }

    /** With the lock: this thread is not at work any more. Gives what is to be called if none is. */
    private fun leave(): Runnable? {
        active--
        return whenIdle.takeIf { active == 0 }
    }

    private companion object {
        val log = Logger(ConnectionPool::class.java)
    }
}
