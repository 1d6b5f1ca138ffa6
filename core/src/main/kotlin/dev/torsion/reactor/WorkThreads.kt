// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.Failure
import dev.torsion.defer.addStep
import dev.torsion.loop.ContextCarrier
import dev.torsion.loop.Loop
import dev.torsion.loop.LoopState
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPool
import dev.torsion.loop.ThreadPoolStoppedException
import dev.torsion.loop.isInSystemExit
import java.util.concurrent.Callable
import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ExecutionException
import java.util.concurrent.Executor
import java.util.concurrent.ThreadFactory
import java.util.concurrent.atomic.AtomicInteger

/** The threads of one reactor besides its own: the pool for blocking work, the threads that look names up, and callers that wait. */
internal class WorkThreads(private val reactor: Reactor, private val loop: Loop, private val options: ReactorOptions) {
    private val blockedCallers: MutableSet<BlockedCaller<*>> = ConcurrentHashMap.newKeySet()
    private val answers = LinkedHashSet<ThreadAnswer<*>>() // that other threads owe; the reactor's thread only
    private var isLettingGo = false // the reactor's thread only
    private var isStarted = false
    private var isStopped = false

    /** The pool, if anybody has needed it. */
    @Volatile
    var made: ThreadPool? = null
        private set

    private val lookups = lazy { daemons("resolver", RESOLVER_THREADS) }
    private val workers = lazy { daemons("worker", maxOf(2, Runtime.getRuntime().availableProcessors())) }

    private fun daemons(purpose: String, size: Int): ThreadPool {
        val name = "${options.threadName}-$purpose"
        val number = AtomicInteger()
        val daemons = ThreadFactory { Thread(it, "$name-${number.incrementAndGet()}").apply { isDaemon = true } }
        return ThreadPool(name, size, daemons, ContextCarrier.none(), loop::reportError).also { it.start() }
    }

    @Synchronized
    fun pool(): ThreadPool = made
        ?: ThreadPool(
            "${options.threadName}-pool",
            ThreadPool.DEFAULT_SIZE,
            options.threadFactory,
            options.contextCarrier,
            loop::reportError,
        ).also {
            if (isStarted) it.start()
            if (isStopped) it.stop()
            made = it
        }

    /** Whether this is a thread of the pool, which the shutdown waits for. */
    val isOnPool: Boolean get() = made?.isOwn(Thread.currentThread()) == true

    /** The reactor runs: work begins. */
    @Synchronized
    fun start() {
        isStarted = true
        made?.start()
    }

    /** Takes no more work; [ended] is called when all of it is done, on any thread. */
    @Synchronized
    fun stop(ended: Runnable) {
        isStopped = true
        if (lookups.isInitialized()) lookups.value.stop() // nobody waits for an answer any more, which may take a minute
        if (workers.isInitialized()) workers.value.stop()
        made?.stop(ended) ?: ended.run()
    }

    /** Runs a look-up of a name, which may take long: on a thread that other blocking work cannot be waiting for. */
    fun lookUp(call: Runnable): Unit = lookups.value.callInThread(call)

    /** Runs a step that a connection waits for, also where other blocking work waits for that connection. */
    fun work(call: Runnable) {
        if (isStopped) throw ThreadPoolStoppedException("the reactor of this pool has ended")
        workers.value.callInThread(call)
    }

    fun <T> blockingCall(call: Callable<Deferred<T>>): T {
        check(!loop.inLoop) { "blockingCallFromThread on the reactor's own thread would wait for itself" }
        val result = BlockedCaller<T>(isOnPool)
        blockedCallers.add(result)
        try {
            loop.callFromThread {
                if (!result.isDone) result.begin(call)
                if (isLettingGo) result.letGo()
            }
            if (loop.state == LoopState.ENDED) failBlockedCallers()
            return result.get()
        } catch (e: InterruptedException) {
            result.cancel(false) // nobody waits for what is to come: it is not begun, or given up
            loop.runSoon(result::giveUp)
            throw e
        } catch (e: ExecutionException) {
            throw e.cause!!
        } catch (_: CancellationException) {
            throw result.handle { _, error -> error }.join() // as it was: from Java 23 on, get() wraps it
        } finally {
            blockedCallers.remove(result)
        }
    }

    /** The connections are ended, and the reactor waits for the pool: from now on no thread of the pool waits for the reactor. */
    fun letGo() {
        isLettingGo = true
        blockedCallers.forEach { it.letGo() }
    }

    /** Counts no thread any more that waits in `System.exit`; on any thread. */
    fun letGoOfExiting() {
        made?.letGoOfExiting()
        if (lookups.isInitialized()) lookups.value.letGoOfExiting()
        if (workers.isInitialized()) workers.value.letGoOfExiting()
    }

    /** Has [call] run by [pool]. The answer fails when the reactor ends without the thread that would give it. */
    fun <T> ask(pool: Executor, call: Callable<T>): Deferred<T> {
        val answer = ThreadAnswer(reactor, call)
        pool.execute(answer)
        answers.add(answer)
        return answer.result.addStep { outcome ->
            answers.remove(answer)
            outcome
        }
    }

    /** Answers of a thread that is in `System.exit` are not waited for. */
    fun failExiting(): Unit = answers.filter { it.isInSystemExit }.forEach { it.fail(EXITED, null) }

    /** No more answers are taken. */
    fun failAnswers(cause: Throwable?): Unit =
        answers.toList().forEach { it.fail("The reactor has stopped before the thread was done.", cause) }

    fun failBlockedCallers(cause: Throwable? = null) = blockedCallers.forEach { it.reactorStopped(cause) }

    /** A caller that waits in `blockingCallFromThread`; [isOnPool] when the shutdown waits for that thread. */
    private class BlockedCaller<T>(private val isOnPool: Boolean) : CompletableFuture<T>() {
        // Both on the reactor's thread only.
        private var isCalled = false
        private var source: Deferred<T>? = null

        fun begin(call: Callable<Deferred<T>>) {
            try {
                val begun = call.call()
                source = begun
                begun.addBoth { if (it is Failure) completeExceptionally(it.value) else complete(it.get()) }
            } catch (e: Throwable) {
                completeExceptionally(e)
            }
            isCalled = true
        }

        /** The caller was interrupted: cancels what it has begun. */
        fun giveUp() {
            source?.cancel()
        }

        /** Only the result of its Deferred is missing. The shutdown need not wait for that. */
        fun letGo() {
            if (isOnPool && isCalled) reactorStopped(null)
        }

        fun reactorStopped(cause: Throwable?) {
            completeExceptionally(ReactorNotRunningException("The reactor has stopped before the call was done.", cause))
        }
    }

    private companion object {
        const val RESOLVER_THREADS = 4
        const val EXITED = "The thread has called System.exit, and gives no answer."
    }
}
