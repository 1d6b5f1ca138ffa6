// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.reactor.Reactor
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.ThreadContextElement
import kotlinx.coroutines.asContextElement
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.test.runTest
import kotlinx.coroutines.withContext
import java.io.IOException
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext

class InlineCallbacksSpec :
    StringSpec({
        "the block starts inside the call and its value fires the Deferred" {
            var started = false
            val result =
                inlineCallbacks {
                    started = true
                    7
                }
            started shouldBe true
            outcomeOf(result) shouldBe Success(7)
        }

        "elements of the context are on the thread after each wait, without a dispatcher too, and nowhere else" {
            val local = ThreadLocal.withInitial { "outside" }
            val first = Deferred<Unit>()
            val second = Deferred<Unit>()
            val seen = ArrayList<String>()
            val result =
                inlineCallbacks(local.asContextElement("inside")) {
                    seen.add(local.get())
                    first.await()
                    seen.add(local.get())
                    withContext(local.asContextElement("deeper")) {
                        second.await()
                        seen.add(local.get())
                    }
                    seen.add(local.get())
                    throw IOException("end")
                }
            local.get() shouldBe "outside"
            first.callback(Unit)
            local.get() shouldBe "outside"
            second.callback(Unit)
            local.get() shouldBe "outside"
            seen shouldContainExactly listOf("inside", "inside", "deeper", "inside")
            (outcomeOf(result) as Failure).value.message shouldBe "end"
        }

        "each element is set and taken back around each part of the block, one that fails too" {
            val order = ArrayList<String>()
            val other =
                object : ThreadContextElement<Unit>, kotlin.coroutines.AbstractCoroutineContextElement(OtherKey) {
                    override fun updateThreadContext(context: CoroutineContext) {
                        order.add("set")
                    }

                    override fun restoreThreadContext(context: CoroutineContext, oldState: Unit) {
                        order.add("restored")
                    }
                }
            val wait = Deferred<Unit>()
            val local = ThreadLocal<String>()
            val result =
                inlineCallbacks(other + local.asContextElement("two")) {
                    wait.await()
                    order.add(local.get())
                    throw IOException("end")
                }
            wait.callback(Unit)
            (outcomeOf(result) as Failure).value.message shouldBe "end"
            order shouldContainExactly listOf("set", "restored", "set", "two", "restored")
        }

        "it goes on inside the call that fires what it waits for" {
            val source = Deferred<Int>()
            val seen = mutableListOf<String>()
            val result =
                inlineCallbacks {
                    seen.add("got ${source.await()}")
                    "done"
                }
            seen.shouldBeEmpty()
            source.callback(1)
            seen shouldContainExactly listOf("got 1")
            outcomeOf(result) shouldBe Success("done")
        }

        "a Deferred that is fired inside another block resumes its waiter before callback returns" {
            val seen = mutableListOf<String>()
            val start = Deferred<Unit>()
            val signal = Deferred<Unit>()
            inlineCallbacks {
                signal.await()
                seen.add("waiter")
            }
            inlineCallbacks {
                start.await()
                signal.callback(Unit)
                seen.add("after callback")
            }
            start.callback(Unit)
            seen shouldContainExactly listOf("waiter", "after callback")
        }

        "a failure is thrown in at the await, the very same exception" {
            val error = IOException("down")
            val later = Deferred<Int>()
            val caught = mutableListOf<Throwable>()
            val result =
                inlineCallbacks {
                    listOf(fail(error), later).forEach { source ->
                        try {
                            source.await()
                        } catch (thrown: IOException) {
                            caught.add(thrown)
                        }
                    }
                    fail<Int>(error).await()
                }
            later.errback(error)
            caught.forEach { it shouldBeSameInstanceAs error }
            caught.size shouldBe 2
            outcomeOf(result) shouldBe Failure(error)
        }

        "await consumes the result" {
            val source = Deferred<Int>()
            inlineCallbacks { source.await() }
            source.callback(1)
            outcomeOf(source) shouldBe Success(null)
            val fired = succeed(1)
            outcomeOf(inlineCallbacks { fired.await() }) shouldBe Success(1)
            outcomeOf(fired) shouldBe Success(null)
        }

        "await runs after the callbacks that were added before it" {
            val source = Deferred<Int>()
            val doubled = source.addCallback { it * 2 }
            val result = inlineCallbacks { doubled.await() }
            source.callback(4)
            outcomeOf(result) shouldBe Success(8)
        }

        "cancelling the Deferred cancels the one it waits on" {
            val stopped = mutableListOf<String>()
            val source = Deferred<Int> { stopped.add("source") }
            val result = inlineCallbacks { source.await() }
            result.cancel()
            stopped shouldContainExactly listOf("source")
            outcomeOf(result).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
        }

        "behaviour 17: a caught cancellation goes on, may wait again and be cancelled again" {
            val first = Deferred<Int>()
            val second = Deferred<Int>()
            val third = Deferred<Int>()
            var caught = 0
            val result =
                inlineCallbacks {
                    for (source in listOf(first, second)) {
                        try {
                            source.await()
                        } catch (_: DeferredCancelledException) {
                            caught++
                        }
                    }
                    third.await()
                }
            result.cancel()
            caught shouldBe 1
            result.called shouldBe false
            result.cancel()
            caught shouldBe 2
            third.callback(3)
            outcomeOf(result) shouldBe Success(3)
        }

        "behaviour 17: a block that waits in another suspending function is cancelled, and may still give a value" {
            val ended = inlineCallbacks<Int> { awaitCancellation() }
            ended.cancel()
            outcomeOf(ended).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
        }

        "cancelling an inner block passes through an outer one" {
            val source = Deferred<Int>()
            val inner = inlineCallbacks { source.await() }
            val outer = inlineCallbacks { inner.await() }
            outer.cancel()
            source.called shouldBe true
            outcomeOf(outer).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
        }

        "cancelling the coroutine cancels the Deferred that it awaits" {
            val source = Deferred<Int>()
            runTest {
                val job = launch(start = CoroutineStart.UNDISPATCHED) { source.await() }
                job.cancel(null)
                job.join()
            }
            source.called shouldBe true
            outcomeOf(source) shouldBe Success(null)
        }

        "cancelling a coroutine reaches the Deferred through the dispatcher" {
            val queue = ArrayDeque<Runnable>()
            val dispatcher =
                object : CoroutineDispatcher() {
                    override fun dispatch(context: CoroutineContext, block: Runnable) = queue.addLast(block)
                }
            val source = Deferred<Int>()
            val job = CoroutineScope(dispatcher).launch(start = CoroutineStart.UNDISPATCHED) { source.await() }
            job.cancel(null)
            source.called shouldBe false
            while (queue.isNotEmpty()) queue.removeFirst().run()
            source.called shouldBe true
            job.isCompleted shouldBe true
        }

        "a result that is there wins over cancellation" {
            val seen = mutableListOf<Int>()
            val job = Job()
            CoroutineScope(job).launch(start = CoroutineStart.UNDISPATCHED) {
                job.cancel(null)
                seen.add(succeed(5).await())
            }
            seen shouldContainExactly listOf(5)
        }

        "a dispatcher in the context decides where the block runs" {
            val queue = ArrayDeque<Runnable>()
            var onThread = false
            val dispatcher =
                object : CoroutineDispatcher() {
                    override fun isDispatchNeeded(context: CoroutineContext) = !onThread

                    override fun dispatch(context: CoroutineContext, block: Runnable) = queue.addLast(block)
                }
            val posted = inlineCallbacks(dispatcher) { 1 }
            posted.called shouldBe false
            queue.removeFirst().run()
            outcomeOf(posted) shouldBe Success(1)
            onThread = true
            outcomeOf(inlineCallbacks(dispatcher) { 2 }) shouldBe Success(2)
            queue.shouldBeEmpty()
        }

        "without a dispatcher no pool runs anything, children included" {
            val thread = Thread.currentThread()
            val source = Deferred<Int>()
            val result =
                inlineCallbacks {
                    val child =
                        async {
                            source.await()
                            Thread.currentThread()
                        }
                    (coroutineContext[ContinuationInterceptor] is CoroutineDispatcher) shouldBe false
                    child.await()
                }
            source.callback(1)
            outcomeOf(result).get() shouldBeSameInstanceAs thread
        }

        "the last child ends on another thread: the Deferred fires where the dispatcher says" {
            val home = Thread.currentThread()
            val queue = ArrayDeque<Runnable>()
            val dispatcher =
                object : CoroutineDispatcher() {
                    override fun isDispatchNeeded(context: CoroutineContext) = Thread.currentThread() !== home

                    override fun dispatch(context: CoroutineContext, block: Runnable) = queue.addLast(block)
                }
            for (error in listOf(null, IOException("down"))) {
                val gate = CompletableDeferred<Unit>()
                val firedOn = ArrayList<Thread>()
                val result =
                    inlineCallbacks(dispatcher) {
                        launch(Dispatchers.Unconfined) { gate.await() }
                        "value"
                    }
                result.addBoth {
                    firedOn.add(Thread.currentThread())
                    it.get()
                }
                thread { if (error == null) gate.complete(Unit) else gate.completeExceptionally(error) }.join()
                firedOn.shouldBeEmpty()
                queue.removeFirst().run()
                queue.shouldBeEmpty()
                firedOn shouldContainExactly listOf(home)
                if (error ==
                    null
                ) {
                    outcomeOf(result) shouldBe Success("value")
                } else {
                    (outcomeOf(result) as Failure).value.message shouldBe "down"
                }
            }
        }

        "where the block has ended the Deferred fires at once, though the dispatcher would hand over every time" {
            val queue = ArrayDeque<Runnable>()
            val dispatcher =
                object : CoroutineDispatcher() {
                    override fun dispatch(context: CoroutineContext, block: Runnable) = queue.addLast(block)
                }
            val ended = inlineCallbacks(dispatcher) { 1 }
            val failed = inlineCallbacks<Int>(dispatcher) { throw IOException("down") }
            val cancelled = inlineCallbacks(dispatcher) { 2 }
            cancelled.cancel()
            queue.size shouldBe 3
            while (queue.isNotEmpty()) queue.removeFirst().run()
            outcomeOf(ended) shouldBe Success(1)
            (outcomeOf(failed) as Failure).value.message shouldBe "down"
            (outcomeOf(cancelled) as Failure).type shouldBe DeferredCancelledException::class.java
        }

        "the last child ends on another thread when the reactor is over: the Deferred fires all the same" {
            val gate = CompletableDeferred<Unit>()
            val parent = Job()
            val reactor = Reactor.create()
            reactor.start()
            val results = CompletableFuture<Deferred<String>>()
            reactor.callFromThread {
                results.complete(
                    inlineCallbacks(reactor.dispatcher + parent) {
                        launch(Dispatchers.Unconfined) { gate.await() }
                        "value"
                    },
                )
            }
            val result = results.get(20, TimeUnit.SECONDS)
            reactor.stopAndJoin(Duration.ofSeconds(20)) shouldBe true
            result.called shouldBe false
            gate.complete(Unit)
            outcomeOf(result) shouldBe Success("value")
            parent.isActive shouldBe true
        }

        "the Deferred fires after the children of the block" {
            val source = Deferred<Int>()
            val result =
                inlineCallbacks {
                    launch { source.await() }
                    "value"
                }
            result.called shouldBe false
            source.callback(1)
            outcomeOf(result) shouldBe Success("value")
        }

        "a scope's deferred ends with the scope" {
            val scope = CoroutineScope(Job())
            val source = Deferred<Int>()
            val result = scope.deferred { source.await() }
            scope.cancel()
            source.called shouldBe true
            outcomeOf(result).shouldBeInstanceOf<Failure>().value.shouldBeInstanceOf<CancellationException>()
        }

        "a scope's deferred that fails takes the scope with it, and not a supervisor" {
            val error = IOException("down")
            val scope = CoroutineScope(Job())
            outcomeOf(scope.deferred<Int> { throw error }) shouldBe Failure(error)
            scope.coroutineContext[Job]!!.isActive shouldBe false
            val supervised = CoroutineScope(SupervisorJob())
            outcomeOf(supervised.deferred<Int> { throw error }) shouldBe Failure(error)
            supervised.coroutineContext[Job]!!.isActive shouldBe true
        }

        "a failure that a scope has not got is the Deferred's, though the scope has a handler" {
            val error = IOException("down")
            val told = ArrayList<Throwable>()
            val scope = CoroutineScope(SupervisorJob() + CoroutineExceptionHandler { _, e -> told.add(e) })
            val result = scope.deferred<Int> { throw error }
            told.shouldBeEmpty()
            outcomeOf(result) shouldBe Failure(error)
        }

        "a coroutine below a supervisor in the block tells the handler of the context of its failure, through other blocks too" {
            val error = IOException("down")
            val told = ArrayList<Throwable>()
            val handler = CoroutineExceptionHandler { _, e -> told.add(e) }
            val result =
                inlineCallbacks(handler) {
                    supervisorScope { launch { throw error } }
                    deferred { supervisorScope { launch { throw error } } }.await()
                    "value"
                }
            outcomeOf(result) shouldBe Success("value")
            told shouldContainExactly listOf(error, error)
        }

        "without a handler it tells that of the thread, as it would in any coroutine" {
            val error = IOException("down")
            val told = ArrayList<Throwable>()
            val thread = Thread.currentThread()
            val before = thread.uncaughtExceptionHandler
            thread.setUncaughtExceptionHandler { _, e -> told.add(e) }
            try {
                outcomeOf(inlineCallbacks { supervisorScope { launch { throw error } } }).isSuccess shouldBe true
            } finally {
                thread.uncaughtExceptionHandler = before
            }
            told shouldContainExactly listOf(error)
            runCatching { runTest {} } // kotlinx-coroutines-test keeps the exception for the next test, whichever that is
        }

        "a block whose scope is cancelled before it begins ends on its dispatcher, and does nothing" {
            val queue = ArrayDeque<Runnable>()
            val dispatcher =
                object : CoroutineDispatcher() {
                    override fun dispatch(context: CoroutineContext, block: Runnable) = queue.addLast(block)
                }
            var began = false
            val scope = CoroutineScope(Job() + dispatcher)
            val result = scope.deferred { began = true }
            scope.cancel()
            val late = scope.deferred { began = true }
            listOf(result, late).map { it.called } shouldContainExactly listOf(false, false)
            while (queue.isNotEmpty()) queue.removeFirst().run()
            listOf(result, late).forEach { outcomeOf(it).shouldBeInstanceOf<Failure>().value.shouldBeInstanceOf<CancellationException>() }
            began shouldBe false
        }

        "cancelling the Deferred before the dispatcher has begun the block cancels it" {
            val queue = ArrayDeque<Runnable>()
            val dispatcher =
                object : CoroutineDispatcher() {
                    override fun dispatch(context: CoroutineContext, block: Runnable) = queue.addLast(block)
                }
            var began = false
            val result = inlineCallbacks(dispatcher) { began = true }
            result.cancel()
            queue.removeFirst().run()
            outcomeOf(result).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
            began shouldBe false
        }

        "a coroutine that the block has begun is not the block: cancelling the Deferred does not cancel what that one waits on" {
            val source = Deferred<Int>()
            val result =
                inlineCallbacks {
                    val child = launch(start = CoroutineStart.UNDISPATCHED) { source.await() }
                    child.join()
                }
            result.awaited shouldBe null
            result.cancel() // cancels the coroutine, and so its child
            source.called shouldBe true
            outcomeOf(result).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
        }

        "cancelling a scope's deferred leaves the scope alone" {
            val scope = CoroutineScope(Job())
            val result = scope.deferred { Deferred<Int>().await() }
            result.cancel()
            outcomeOf(result).isSuccess shouldBe false
            scope.coroutineContext[Job]!!.isActive shouldBe true
        }

        "to and from the Deferred of kotlinx.coroutines, with cancellation both ways" {
            val here = Runnable::run
            val error = IOException("down")
            val source = Deferred<Int>()
            val theirs = source.toKotlinDeferred(here)
            source.callback(1)
            theirs.await() shouldBe 1
            shouldThrow<IOException> { fail<Int>(error).toKotlinDeferred(here).await() }.message shouldBe "down"

            val cancelled = Deferred<Int>()
            cancelled.toKotlinDeferred(here).cancel(null)
            cancelled.called shouldBe true
            val stopped = Deferred<Int>()
            val seen = stopped.toKotlinDeferred(here)
            stopped.cancel()
            seen.isCancelled shouldBe true

            val completable = CompletableDeferred<Int>()
            val ours = completable.toDeferred(here)
            completable.complete(2)
            outcomeOf(ours) shouldBe Success(2)
            val failing = CompletableDeferred<Int>().apply { completeExceptionally(error) }
            outcomeOf(failing.toDeferred(here)) shouldBe Failure(error)
            val left = CompletableDeferred<Int>()
            val mine = left.toDeferred(here)
            mine.cancel()
            left.isCancelled shouldBe true
            (outcomeOf(mine) as Failure).type shouldBe DeferredCancelledException::class.java
            val theirCancel = CompletableDeferred<Int>().apply { cancel(null) }
            (outcomeOf(theirCancel.toDeferred(here)) as Failure).type shouldBe DeferredCancelledException::class.java

            val job = Job()
            val end = job.toDeferred(here)
            job.complete()
            outcomeOf(end) shouldBe Success(Unit)
            val endless = Job()
            endless.toDeferred(here).cancel()
            endless.isCancelled shouldBe true
        }
    })

private object OtherKey : CoroutineContext.Key<CoroutineContext.Element>
