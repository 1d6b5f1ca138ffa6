// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

import dev.torsion.clock.saturatedNanos
import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import dev.torsion.defer.Success
import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executor
import java.util.concurrent.ThreadFactory
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.locks.ReentrantLock
import java.util.function.Consumer
import kotlin.concurrent.withLock

/**
 * Threads for work that blocks; Twisted's `ThreadPool`. A reactor has one, for its `callInThread` and `deferToThread`; a program may
 * have others of its own, for [deferToThreadPool][dev.torsion.reactor.deferToThreadPool].
 *
 * ```java
 * var disk = new ThreadPool("disk", 2);
 * disk.start();
 * Reactors.deferToThreadPool(reactor, disk, () -> Files.readString(path)).addCallback(...);
 * disk.stop();
 * ```
 *
 * A thread is made when there is work and no other is idle, up to [size]. Threads above [minThreads] end after a minute without work. Work
 * that finds all threads busy waits, first in, first out, in a queue of at most [QUEUE_LIMIT] calls. Work from before [start] waits for it.
 * Work from before [stop] is done. The threads are no daemons. A JVM does not end by itself while they are at work, or idle for less than a
 * minute, unless the pool was stopped.
 *
 * Thread: any, for all methods.
 *
 * @param name the beginning of the threads' names: `name-1` and so on
 * @param size how many threads there may be at most
 * @param threadFactory makes the threads; null for platform threads. `Thread.ofVirtual().factory()` gives virtual ones (JDK 21)
 * @param contextCarrier carries the context of the thread that hands work over
 * @param errorListener hears of the exceptions of work, on the thread of the pool
 */
public class ThreadPool
@JvmOverloads
constructor(
    private val name: String,
    size: Int = DEFAULT_SIZE,
    threadFactory: ThreadFactory? = null,
    private val contextCarrier: ContextCarrier = ContextCarrier.mdc(),
    private val errorListener: ErrorListener = LOGGING,
) : Executor {
    private val lock = ReentrantLock()
    private val workOrEnd = lock.newCondition()
    private val waiting = ArrayDeque<Runnable>()
    private val whenEnded = ArrayList<Runnable>()
    private val threads = HashSet<Thread>()
    private val threadNumber = AtomicInteger()
    private val threadFactory = threadFactory ?: ThreadFactory { Thread(it, "$name-${threadNumber.incrementAndGet()}") }
    private var idle = 0
    private var isStarted = false
    private var isStopped = false

    /** How many threads there may be at most. */
    @Volatile
    public var size: Int = size
        private set

    /** How many threads stay although there is no work. */
    @Volatile
    public var minThreads: Int = 0
        private set

    /** How many threads there are now. */
    @Volatile
    public var threadCount: Int = 0
        private set

    /** How many threads are at work. */
    public val busyCount: Int get() = lock.withLock { threadCount - idle }

    /** How many calls wait for a thread. */
    public val waitingCount: Int get() = lock.withLock { waiting.size }

    init {
        requireSizes(0, size)
    }

    /**
     * Runs [call] on one of the threads. Its exception goes to the error listener, and the thread lives on.
     *
     * When there is no thread and none can be made, this throws the exception of the thread factory or of `Thread.start`, and [call] will
     * not run.
     *
     * @throws ThreadPoolStoppedException when the pool was stopped
     * @throws ThreadPoolFullException when [QUEUE_LIMIT] calls wait already
     */
    public fun callInThread(call: Runnable) {
        val carried = contextCarrier.carry(call)
        lock.withLock {
            if (isStopped) throw ThreadPoolStoppedException("the thread pool $name was stopped")
            if (waiting.size >= QUEUE_LIMIT) throw ThreadPoolFullException("$QUEUE_LIMIT calls wait for a thread of the pool $name")
            waiting.add(carried)
            if (!isStarted) return
            try {
                addThreads()
            } catch (e: Throwable) {
                waiting.removeLast()
                throw e
            }
        }
    }

    /** [callInThread], so that a pool is an [Executor]. */
    override fun execute(command: Runnable): Unit = callInThread(command)

    /**
     * Runs [call] on one of the threads, and then, on the same thread, [onResult] with its result or exception; Twisted's
     * `callInThreadWithCallback`.
     *
     * @throws ThreadPoolStoppedException when the pool was stopped
     * @throws ThreadPoolFullException when [QUEUE_LIMIT] calls wait already
     */
    public fun <T> callInThreadWithCallback(onResult: Consumer<in Outcome<T>>, call: Callable<T>): Unit =
        callInThread { onResult.accept(runCatching { call.call() }.fold({ Success(it) }, { Failure(it) })) }

    /**
     * Begins with the waiting work, and takes more. Does nothing when it has begun.
     *
     * When no thread can be made, this throws the exception of the factory or of `Thread.start`, and the work waits for the next call to
     * try again.
     */
    public fun start(): Unit = lock.withLock {
        if (isStopped) throw ThreadPoolStoppedException("the thread pool $name was stopped")
        isStarted = true
        addThreads()
    }

    /**
     * From now on there are at least [minThreads] and at most [size] threads; Twisted's `adjustPoolsize`. Threads that are too many end
     * when their work is done.
     */
    public fun adjust(minThreads: Int, size: Int) {
        requireSizes(minThreads, size)
        lock.withLock {
            this.minThreads = minThreads
            this.size = size
            workOrEnd.signalAll()
            if (isStarted && !isStopped) addThreads()
        }
    }

    /**
     * Takes no more work. Earlier work is done, then the threads end. When there is work but no thread can be made, the error listener
     * hears of that, and the work is dropped. This returns at once. It does nothing when the pool was stopped before.
     */
    public fun stop(): Unit = stop {}

    /** [stop], with a call when all work is done: on a thread of the pool, or here when there is none. */
    @JvmSynthetic
    internal fun stop(ended: Runnable) {
        var dropped: Throwable? = null
        val isOver =
            lock.withLock {
                isStopped = true
                isStarted = true
                try {
                    addThreads() // for work that was given before any start
                } catch (e: Throwable) {
                    dropped = IllegalStateException("${waiting.size} calls are never run: the pool $name has got no thread", e)
                    waiting.clear()
                }
                workOrEnd.signalAll()
                (threadCount == 0).also { if (!it) whenEnded.add(ended) }
            }
        dropped?.let(::report)
        if (isOver) ended.run()
    }

    /**
     * [stop], then waits until all work is done, at most [timeout].
     *
     * @return whether it is
     */
    public fun stopAndJoin(timeout: Duration): Boolean {
        val ended = CountDownLatch(1)
        stop(ended::countDown)
        return ended.await(timeout.saturatedNanos(), TimeUnit.NANOSECONDS)
    }

    /** With the lock: as many threads as the work needs, or as can be made. Throws when there are none at all. */
    private fun addThreads() {
        val wanted = if (isStopped) 0 else minThreads
        try {
            while (threadCount < wanted || (waiting.size > idle && threadCount < size)) addThread()
        } catch (e: Throwable) {
            if (threadCount == 0) throw e
        }
        if (idle > 0) workOrEnd.signal()
    }

    private fun addThread() {
        val thread = threadFactory.newThread(::work) ?: throw IllegalStateException("the thread factory of the pool $name gave no thread")
        threadCount++
        idle++ // until it has taken its work
        try {
            thread.start()
        } catch (e: Throwable) { // out of threads
            threadCount--
            idle--
            throw e
        }
    }

    private fun work() {
        lock.withLock { threads.add(Thread.currentThread()) }
        while (true) {
            val call = next() ?: break
            try {
                call.run()
            } catch (e: Throwable) {
                report(e)
            }
            Thread.interrupted() // an interrupt was meant for the work that is over
            lock.withLock {
                if (Thread.currentThread() !in threads) return // nobody waits for it any more
                idle++
            }
        }
        endIfOver()
    }

    private fun endIfOver() {
        val ended = lock.withLock { if (isStopped && threadCount == 0) whenEnded.toList().also { whenEnded.clear() } else emptyList() }
        ended.forEach(Runnable::run)
    }

    /** Whether [thread] is one of this pool's. */
    @JvmSynthetic
    internal fun isOwn(thread: Thread): Boolean = lock.withLock { thread in threads }

    /** Counts the threads no more that wait in `System.exit`: they never come back, and the JVM waits for the threads that wait for them. */
    @JvmSynthetic
    internal fun letGoOfExiting() {
        val all = lock.withLock { threads.toList() }
        val exiting = all.filter { it.isInSystemExit }
        if (exiting.isEmpty()) return
        var error: Throwable? = null
        lock.withLock {
            threadCount -= exiting.count(threads::remove)
            try {
                if (isStarted) addThreads() // for work that waits
            } catch (e: Throwable) {
                error = e
            }
        }
        error?.let(::report)
        endIfOver()
    }

    private fun report(error: Throwable) {
        try {
            errorListener.errorReported("a call in a thread of the pool failed", error)
        } catch (e: Throwable) {
            reportFailed(e)
        }
    }

    // The thread lives on in any case: a pool whose thread is gone uncounted never ends.
    private fun reportFailed(error: Throwable) {
        try {
            log.failure("the error listener of {pool} failed", error, "pool" to toString())
        } catch (_: Throwable) {
            toldByJvm(error)
        }
    }

    /** The next call; null when this thread is to end. */
    private fun next(): Runnable? = lock.withLock {
        var left = IDLE_NANOS
        while (threadCount <= size) {
            waiting.removeFirstOrNull()?.let {
                idle--
                return it
            }
            if (isStopped || (left <= 0 && threadCount > minThreads)) break
            left =
                try {
                    workOrEnd.awaitNanos(if (left > 0) left else IDLE_NANOS)
                } catch (_: InterruptedException) {
                    left // nobody's business: only stop ends a thread
                }
        }
        idle--
        threadCount--
        threads.remove(Thread.currentThread())
        workOrEnd.signal() // it may have been woken for work that it leaves to another
        null
    }

    override fun toString(): String = "ThreadPool($name, $threadCount of at most $size threads, $waitingCount calls waiting)"

    public companion object {
        /** How many calls may wait for a thread. */
        public const val QUEUE_LIMIT: Int = 65_536

        internal const val DEFAULT_SIZE = 10
        private val IDLE_NANOS = TimeUnit.MINUTES.toNanos(1)
        private val log = Logger(ThreadPool::class.java)
        private val LOGGING = ErrorListener { context, error -> log.failure("{context}", error, LogKeys.CONTEXT to context) }

        private fun requireSizes(minThreads: Int, size: Int) {
            require(size > 0) { "a thread pool needs at least one thread, but $size were suggested" }
            require(minThreads in 0..size) { "minThreads must be from 0 to $size, but is $minThreads" }
        }
    }
}
