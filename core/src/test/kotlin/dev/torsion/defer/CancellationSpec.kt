// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import java.util.concurrent.CompletableFuture
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.Deferred as KotlinDeferred

/**
 * The table of docs/guide/cancellation.md: every way out of and into a Deferred, cancelled before, while and after it fires, and while the
 * news is on its way between the threads.
 */
internal class CancellationSpec :
    FunSpec({
        context("out of a Deferred") {
            ways.forEach { (name, open) ->
                test("$name: a cancellation before the result cancels the Deferred, and the later result is dropped") {
                    val source = Source()
                    val (loop, way) = source.opened(open)
                    way.cancel()
                    source.cancels shouldBe 0
                    loop.run()
                    source.cancels shouldBe 1
                    source.deferred.called shouldBe true
                    way.seen(loop) shouldBe listOf("cancelled")
                    outcomeOf(source.deferred) shouldBe Success(null)
                }

                test("$name: on the thread of the loop it does so at once") {
                    val source = Source()
                    val (loop, way) = source.opened(open)
                    loop.onLoop { way.cancel() }
                    if (loop.queue.isNotEmpty()) loop.run() // where the thread makes no difference
                    source.cancels shouldBe 1
                    way.seen(loop) shouldBe listOf("cancelled")
                }

                test("$name: a cancellation while the callbacks run wins: the result is dropped, and the Deferred goes on") {
                    val source = Source()
                    var way: Way? = null
                    source.deferred.addCallback { it.also { way!!.cancel() } }
                    val (loop, opened) = source.opened(open)
                    way = opened
                    loop.onLoop { source.deferred.callback(1) }
                    loop.run()
                    source.cancels shouldBe 0
                    opened.seen(loop) shouldBe listOf("cancelled")
                    outcomeOf(source.deferred) shouldBe Success(null)
                }

                test("$name: a cancellation on its way to the loop loses its Deferred, and touches nothing that came after") {
                    val source = Source()
                    val (loop, way) = source.opened(open)
                    val other = Deferred<Int>()
                    val rest = source.deferred.addAsyncBoth { other }
                    way.cancel()
                    loop.onLoop { source.deferred.callback(1) }
                    loop.run()
                    source.cancels shouldBe 0
                    other.called shouldBe false
                    rest.toString() shouldContain "waiting on Deferred@"
                    way.seen(loop) shouldBe listOf("cancelled")
                }

                test("$name: a cancellation after the result changes nothing") {
                    val source = Source()
                    val (loop, way) = source.opened(open)
                    val other = Deferred<Int>()
                    val rest = source.deferred.addAsyncBoth { other }
                    loop.onLoop { source.deferred.callback(1) }
                    way.seen(loop) shouldBe listOf(1)
                    way.cancel()
                    loop.run()
                    source.cancels shouldBe 0
                    other.called shouldBe false
                    rest.toString() shouldContain "waiting on Deferred@"
                    way.seen(loop) shouldBe listOf(1)
                }

                test("$name: a Deferred that is cancelled tells the other side, before the result and not after it") {
                    val source = Source()
                    val (loop, way) = source.opened(open)
                    loop.onLoop { source.deferred.cancel() }
                    way.seen(loop) shouldBe listOf("cancelled")

                    val late = Source()
                    val (lateLoop, lateWay) = late.opened(open)
                    lateLoop.onLoop {
                        late.deferred.callback(1)
                        late.deferred.cancel()
                    }
                    lateWay.seen(lateLoop) shouldBe listOf(1)
                    late.cancels shouldBe 0
                }
            }
        }

        context("into a Deferred") {
            origins.forEach { (name, make) ->
                test("$name: cancelling the Deferred before the result cancels the other side, whose later result is dropped") {
                    val loop = HandLoop()
                    val origin = make()
                    val deferred = origin.deferred(loop)
                    loop.onLoop { deferred.cancel() }
                    origin.isCancelled() shouldBe true
                    origin.complete(1)
                    loop.run()
                    cancelled(deferred)
                }

                test("$name: a result on its way to the loop wins over cancelling the Deferred") {
                    val loop = HandLoop()
                    val origin = make()
                    val deferred = origin.deferred(loop)
                    origin.complete(1)
                    loop.onLoop { deferred.cancel() }
                    outcomeOf(deferred) shouldBe Success(1)
                    loop.run()
                    origin.isCancelled() shouldBe false
                }

                test("$name: cancelling the Deferred while its callbacks run, and after them, changes nothing") {
                    val loop = HandLoop()
                    val origin = make()
                    val deferred = origin.deferred(loop)
                    deferred.addCallback { it.also { deferred.cancel() } }
                    origin.complete(1)
                    loop.run()
                    deferred.cancel()
                    origin.isCancelled() shouldBe false
                    outcomeOf(deferred) shouldBe Success(1)
                }

                test("$name: when the other side is cancelled the Deferred fails, on the loop") {
                    val loop = HandLoop()
                    val origin = make()
                    val deferred = origin.deferred(loop)
                    origin.cancel()
                    deferred.called shouldBe false
                    loop.run()
                    cancelled(deferred)
                }

                test("$name: both sides cancelled at once: the Deferred fails once") {
                    val loop = HandLoop()
                    val origin = make()
                    val deferred = origin.deferred(loop)
                    origin.cancel()
                    loop.onLoop { deferred.cancel() }
                    cancelled(deferred)
                    loop.run()
                    outcomeOf(deferred) shouldBe Success(null)
                }
            }
        }

        context("there and back") {
            test("a cancellation goes through two bridges of kotlinx.coroutines") {
                val source = Source()
                val here = Runnable::run
                val back = source.deferred.toKotlinDeferred(here).toDeferred(here)
                back.cancel()
                source.cancels shouldBe 1
                cancelled(back)
            }

            test("and through two of CompletableFuture") {
                val source = Source()
                val here = Runnable::run
                source.deferred.toCompletableFuture(here).toDeferred(here).toCompletableFuture(here).thenApply { it }.cancel(true)
                source.cancels shouldBe 1
            }

            test("a lazy coroutine is started, and one that has cleaning up to do may fail with that") {
                val here = Runnable::run
                val scope = CoroutineScope(Dispatchers.Unconfined)
                outcomeOf(scope.async(start = CoroutineStart.LAZY) { 3 }.toDeferred(here)) shouldBe Success(3)
                val cleaning =
                    CoroutineScope(Dispatchers.Unconfined).async<Int> {
                        try {
                            Deferred<Int>().await()
                        } finally {
                            error("cannot clean up")
                        }
                    }
                val deferred = cleaning.toDeferred(here)
                deferred.cancel()
                outcomeOf(deferred).shouldBeInstanceOf<Failure>().value.message shouldBe "cannot clean up"
            }

            test("cancelling a block between the result and its going on cancels its coroutine") {
                val queue = ArrayDeque<Runnable>()
                val dispatcher =
                    object : CoroutineDispatcher() {
                        override fun dispatch(context: CoroutineContext, block: Runnable) = queue.addLast(block)
                    }
                val source = Deferred<Int>()
                val other = Deferred<Int>()
                val seen = ArrayList<Int>()
                val block = inlineCallbacks(dispatcher) { seen.add(source.await()) }
                queue.removeFirst().run()
                val rest = source.addAsyncBoth { other }
                source.callback(1)
                block.cancel()
                while (queue.isNotEmpty()) queue.removeFirst().run()
                cancelled(block)
                seen.shouldBeEmpty()
                other.called shouldBe false
                rest.isPaused shouldBe true
            }
        }
    }) {
    /** Where a result comes from that is waited for by other means. */
    class Source {
        var cancels = 0
            private set
        val deferred = Deferred<Int> { cancels++ }

        fun opened(open: (Deferred<Int>, HandLoop) -> Way): Pair<HandLoop, Way> {
            val loop = HandLoop()
            return loop to loop.onLoop { open(deferred, loop) }
        }
    }

    /** Somebody who waits for a Deferred by other means. */
    interface Way {
        fun cancel()

        /** Its result in the end, after [loop] has run. */
        fun seen(loop: HandLoop): List<Any>
    }

    /** Something that is going to have a result, and may be used as a Deferred. */
    interface Origin {
        fun deferred(loop: HandLoop): Deferred<Int>

        fun complete(value: Int)

        fun cancel()

        fun isCancelled(): Boolean
    }
}

private fun cancelled(deferred: Deferred<*>) {
    outcomeOf(deferred).shouldBeInstanceOf<Failure>().type shouldBe DeferredCancelledException::class.java
}

private fun way(cancel: () -> Unit, seen: () -> Any?) = object : CancellationSpec.Way {
    override fun cancel() = cancel()

    override fun seen(loop: HandLoop): List<Any> {
        loop.run()
        return listOfNotNull(seen())
    }
}

private fun way(future: CompletableFuture<Int>, stage: CompletableFuture<Int> = future) = way({ stage.cancel(true) }) {
    if (future.isCancelled) {
        "cancelled"
    } else if (future.isDone) {
        future.join()
    } else {
        null
    }
}

private val ways: Map<String, (Deferred<Int>, HandLoop) -> CancellationSpec.Way> =
    mapOf(
        "await" to { source, loop ->
            val dispatcher =
                object : CoroutineDispatcher() {
                    override fun isDispatchNeeded(context: CoroutineContext) = !loop.inLoop

                    override fun dispatch(context: CoroutineContext, block: Runnable) = loop.execute(block)
                }
            var got: Any? = null
            val job = CoroutineScope(dispatcher).launch(start = CoroutineStart.UNDISPATCHED) { got = source.await() }
            way({ job.cancel(null) }) { if (job.isCancelled) "cancelled" else got }
        },
        "toCompletableFuture" to { source, loop -> way(source.toCompletableFuture(loop)) },
        "a derived stage" to { source, loop ->
            val future = source.toCompletableFuture(loop)
            way(future, future.thenApply { it })
        },
        "toKotlinDeferred" to { source, loop ->
            val theirs: KotlinDeferred<Int> = source.toKotlinDeferred(loop)
            way({ theirs.cancel(null) }) { if (theirs.isCancelled) "cancelled" else theirs.takeIf { it.isCompleted }?.let(::completed) }
        },
    )

@OptIn(ExperimentalCoroutinesApi::class)
private fun completed(theirs: KotlinDeferred<Int>) = theirs.getCompleted()

private val origins: Map<String, () -> CancellationSpec.Origin> =
    mapOf(
        "CompletableFuture" to {
            val future = CompletableFuture<Int>()
            origin(future::toDeferred, { future.complete(it) }, { future.cancel(true) }, future::isCancelled)
        },
        "CompletableDeferred" to {
            val theirs = CompletableDeferred<Int>()
            origin(theirs::toDeferred, { theirs.complete(it) }, { theirs.cancel(null) }) { theirs.isCancelled }
        },
        "async" to {
            val signal = CompletableDeferred<Int>()
            val theirs = CoroutineScope(Job() + Dispatchers.Unconfined).async { signal.await() }
            origin(theirs::toDeferred, { signal.complete(it) }, { theirs.cancel(null) }) { theirs.isCancelled }
        },
    )

private fun origin(deferred: (HandLoop) -> Deferred<Int>, complete: (Int) -> Unit, cancel: () -> Unit, isCancelled: () -> Boolean) =
    object : CancellationSpec.Origin {
        override fun deferred(loop: HandLoop) = deferred(loop)

        override fun complete(value: Int) = complete(value)

        override fun cancel() = cancel()

        override fun isCancelled() = isCancelled()
    }
