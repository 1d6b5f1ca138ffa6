// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPool
import java.util.concurrent.Callable

/**
 * A reactor's other threads: a pool for work that blocks, and callers that wait for the loop; Twisted's `IReactorThreads`. The way in for
 * them that do not wait is [callFromThread][dev.torsion.loop.EventLoop.callFromThread].
 *
 * Thread: the reactor's, unless a method says otherwise.
 */
public interface ReactorThreads {
    /**
     * Runs [call] on a thread of the [threadPool]; what it throws is reported. Before the reactor runs the call waits for it. On
     * any thread.
     */
    public fun callInThread(call: Runnable)

    /**
     * Runs blocking work on the [threadPool]; the Deferred fires on the reactor's thread. The reactor waits for the work before it ends. When
     * it cannot, as after a [crash], the Deferred fails with [ReactorNotRunningException].
     */
    public fun <T> deferToThread(call: Callable<T>): Deferred<T>

    /**
     * Runs [call] on the reactor's thread and waits for its result, and for the result of the Deferred when it returns one. What it
     * throws is thrown here.
     *
     * The shutdown waits for the threads of the reactor's own pool, so it lets none of them wait here. Once the connections are closed, a
     * call of such a thread is still made, but its Deferred is not waited for: when it has not fired, this throws
     * [ReactorNotRunningException].
     *
     * @throws IllegalStateException on the reactor's own thread, which would wait for itself
     * @throws ReactorNotRunningException when the reactor ends before there is a result
     * @throws InterruptedException when the calling thread is interrupted while it waits; the Deferred is cancelled then
     */
    public fun <T> blockingCallFromThread(call: Callable<Deferred<T>>): T

    /** The pool of [callInThread], made when first asked for, stopped with the reactor. */
    public val threadPool: ThreadPool

    /** How many threads the [threadPool] may have at most; 10 unless changed. See [ThreadPool.adjust]. */
    public fun suggestThreadPoolSize(size: Int)
}
