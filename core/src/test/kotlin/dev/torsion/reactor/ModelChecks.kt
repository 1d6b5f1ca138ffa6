// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.defer.Deferred
import dev.torsion.defer.DeferredDebug
import dev.torsion.defer.Success
import dev.torsion.defer.toDeferred
import dev.torsion.loop.TaskQueue
import dev.torsion.loop.TaskQueueModel
import dev.torsion.loop.TaskQueueSpecification
import dev.torsion.loop.WakeUpGuard
import org.jetbrains.lincheck.Lincheck
import org.jetbrains.lincheck.LincheckAssertionError
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.Semaphore
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

/**
 * The objects that threads share, run by Lincheck through the ways in which their steps can interleave. A program of its own: Lincheck
 * rewrites the classes of the JVM that it runs in.
 */
internal object ModelChecks {
    @JvmStatic
    fun main(args: Array<String>) {
        check(!DeferredDebug.enabled)
        for ((name, check) in checks.filterKeys { args.isEmpty() || it in args }) {
            val start = System.nanoTime()
            check()
            System.out.append("$name holds, after ${(System.nanoTime() - start) / 1_000_000} ms\n").flush()
        }
        System.exit(0) // Lincheck leaves threads behind
    }

    private val checks: Map<String, () -> Unit> =
        mapOf(
            "task queue" to {
                ModelCheckingOptions()
                    .iterations(10)
                    .invocationsPerIteration(100)
                    .threads(3)
                    .actorsPerThread(2)
                    .actorsBefore(1)
                    .actorsAfter(1)
                    .sequentialSpecification(TaskQueueSpecification::class.java)
                    .check(TaskQueueModel::class.java)
            },
            "wake-up" to { Lincheck.runConcurrentTest(INVOCATIONS) { wakeUp(WakeUpGuard::mayWait) } },
            "that a lost wake-up is found" to {
                val looksTooEarly = { guard: WakeUpGuard, tasks: TaskQueue -> tasks.isEmpty() && guard.mayWait(TaskQueue()) }
                val found = runCatching { Lincheck.runConcurrentTest(INVOCATIONS) { wakeUp(looksTooEarly) } }.exceptionOrNull()
                check(found is LincheckAssertionError && "hung" in found.message!!) { "found: $found" }
            },
            "cancelled stage" to { Lincheck.runConcurrentTest(INVOCATIONS, ::cancelledStage) },
            "handed or taken back" to { Lincheck.runConcurrentTest(INVOCATIONS, ::handedOrTakenBack) },
            "future and canceller" to { Lincheck.runConcurrentTest(INVOCATIONS, ::futureAndCanceller) },
        )

    /** A loop that waits as the reactor's does, and two threads that hand tasks over: no task is forgotten, and none rings without need. */
    private fun wakeUp(mayWait: (WakeUpGuard, TaskQueue) -> Boolean) {
        val tasks = TaskQueue()
        val guard = WakeUpGuard()
        val bell = Semaphore(0)
        var attempts = 0
        val rings = AtomicInteger()
        val callers =
            List(2) {
                thread {
                    check(tasks.offer {})
                    if (guard.ring()) {
                        rings.incrementAndGet()
                        bell.release()
                    }
                }
            }
        var ran = 0
        while (ran < callers.size) {
            attempts++
            if (mayWait(guard, tasks)) {
                bell.acquire() // for ever, when a wake-up was lost
                guard.awake()
            }
            tasks.drain { ran++ }
        }
        callers.forEach { it.join() }
        check(rings.get() <= attempts) { "${rings.get()} rings for $attempts attempts to wait" }
    }

    /** The loop's side of a bridge: tasks that other threads give it. */
    private class Loop : Executor {
        private val tasks = TaskQueue()

        override fun execute(task: Runnable) = check(tasks.offer(task))

        fun run() {
            while (!tasks.isEmpty()) tasks.drain(Runnable::run)
        }
    }

    /** A loop fires a Deferred while a thread cancels a stage of its future: one of them wins, and both sides agree on it. */
    private fun cancelledStage() {
        val loop = Loop()
        var cancels = 0
        val source = Deferred<Int> { cancels++ }
        val future = source.toCompletableFuture(loop)
        val stage = future.thenApply { it + 1 }
        val canceller = thread { stage.cancel(true) }
        loop.run()
        val hasFired = !source.called
        if (hasFired) source.callback(1)
        canceller.join()
        loop.run()
        check(future.isDone && stage.isDone && source.called)
        check(cancels == if (hasFired) 0 else 1) { "$cancels cancellations, fired: $hasFired" }
        if (!stage.isCancelled) check(stage.getNow(0) == 2 && future.getNow(0) == 1)
        if (!hasFired) check(stage.isCancelled && future.isCancelled)
    }

    /** A loop fires a Deferred while a thread cancels a stage of its future: the stage's function gets the value, or it is taken back. */
    private fun handedOrTakenBack() {
        val loop = Loop()
        var returned = 0
        var used = 0
        val source = Deferred<Any> {}.onUndelivered { returned++ }
        val future = source.toCompletableFuture(loop)
        val stage = future.thenApply { used++ }
        val canceller = thread { stage.cancel(true) }
        loop.run()
        val hasFired = !source.called
        if (hasFired) source.callback(Any())
        canceller.join()
        loop.run()
        check(used + returned == if (hasFired) 1 else 0) { "fired: $hasFired, used $used times, taken back $returned times" }
        check(future.isCancelled == (used == 0))
    }

    /** A thread completes a future while the loop cancels the Deferred made of it: it fires once, with what the future has. */
    private fun futureAndCanceller() {
        val loop = Loop()
        val future = CompletableFuture<Int>()
        val deferred = future.toDeferred(loop)
        var seen: Any? = null
        deferred.addBoth {
            check(seen == null)
            seen = it
        }
        val completer = thread { future.complete(1) }
        deferred.cancel()
        check(deferred.called)
        completer.join()
        loop.run()
        check((seen == Success(1)) == !future.isCancelled) { "the Deferred saw $seen, the future is $future" }
    }

    private const val INVOCATIONS = 150
}
