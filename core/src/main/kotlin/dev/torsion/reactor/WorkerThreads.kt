// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Reactors")
@file:JvmMultifileClass

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.loop.ThreadPool
import java.util.concurrent.Callable
import java.util.concurrent.Executor

/**
 * Runs blocking work on a [pool] of your own instead of this reactor's; Twisted's `deferToThreadPool`. The Deferred fires on the reactor's
 * thread, with the result or the exception of [call]. The result must not be a Deferred, which would belong to the pool's thread: then it
 * fails with [IllegalArgumentException]. Cancelling it only ends the waiting: the work goes on.
 *
 * [pool] is a [ThreadPool] or any other executor, such as `Executors.newVirtualThreadPerTaskExecutor()`. The reactor does not stop it, and
 * does not wait for its work when it stops: the Deferred fails with [ReactorNotRunningException] then, and an answer that comes later is
 * dropped.
 *
 * Thread: the reactor's.
 *
 * @throws java.util.concurrent.RejectedExecutionException when [pool] takes no work
 */
public fun <T> Reactor.deferToThreadPool(pool: Executor, call: Callable<T>): Deferred<T> {
    capability(WorkThreads::class.java)?.let {
        checkThread("deferToThreadPool")
        return it.ask(pool, call)
    }
    return ThreadAnswer(this, call).also(pool::execute).result
}

/**
 * Runs [calls] one after the other on one thread of the pool; Twisted's `callMultipleInThread`. When one throws, its exception is reported,
 * and the calls behind it do not run.
 *
 * Thread: any, as [Reactor.callInThread].
 */
public fun Reactor.callMultipleInThread(calls: List<Runnable>) {
    val taken = calls.toList()
    callInThread { taken.forEach(Runnable::run) }
}
