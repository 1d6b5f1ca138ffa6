// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPool
import java.util.concurrent.Callable

/**
 * A reactor's other threads: a pool for work that blocks, and callers that wait for the loop; Twisted's `IReactorThreads`. Callers that do
 * not wait use [callFromThread][dev.torsion.loop.EventLoop.callFromThread].
 *
 * Thread: the reactor's, unless a method says otherwise.
 */
public interface ReactorThreads {
    /**
     * Runs [call] on a thread of the [threadPool]. Its exceptions are reported. The call waits until the reactor runs. On any thread.
     */
    public fun callInThread(call: Runnable)

    /**
     * Runs blocking work on the [threadPool]. The Deferred fires on the reactor's thread. The reactor waits for the work before it ends.
     * When it cannot, as after a [crash], the Deferred fails with [ReactorNotRunningException].
     */
    public fun <T> deferToThread(call: Callable<T>): Deferred<T>

    /**
     * Runs [call] on the reactor's thread, and waits for its result. When that is a Deferred, it waits for the Deferred's result. An
     * exception of the call is thrown here.
     *
     * The shutdown waits for the threads of the reactor's own pool, so none of them may wait here then. Once the connections are closed, a
     * call of such a thread is still made. If its Deferred has not fired, this throws [ReactorNotRunningException].
     *
     * @throws IllegalStateException on the reactor's own thread, which would wait for itself
     * @throws ReactorNotRunningException when the reactor ends before there is a result
     * @throws InterruptedException when the calling thread is interrupted while it waits; the Deferred is cancelled then
     */
    public fun <T> blockingCallFromThread(call: Callable<Deferred<T>>): T

    /** The pool of [callInThread]. The first question for it makes it, and it stops with the reactor. */
    public val threadPool: ThreadPool

    /** How many threads the [threadPool] may have at most; 10 unless changed. See [ThreadPool.adjust]. */
    public fun suggestThreadPoolSize(size: Int)
}
