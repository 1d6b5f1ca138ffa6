// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CyclicBarrier
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.coroutines.CoroutineContext

/**
 * A waiter that is cancelled between winning something and being handed it gives it back: for each way to wait, every order of firing,
 * cancelling and dispatching.
 */
internal class HandoverSpec :
    FunSpec({
        fun Model.waiting(name: String, block: suspend () -> Unit) {
            val job = CoroutineScope(dispatcher("dispatch")).launch(start = CoroutineStart.UNDISPATCHED) { block() }
            move("cancel $name") { job.cancel(null) }
        }

        test("a lock that is held in withPermit is free in the end, and whoever is not cancelled has held it") {
            everyOrder {
                val lock = DeferredLock().apply { acquire() }
                val held = ArrayList<String>()
                val cancelled = ArrayList<String>()
                listOf("A", "B").forEach { name ->
                    waiting(name) {
                        try {
                            lock.withPermit { held.add(name) }
                        } catch (e: kotlinx.coroutines.CancellationException) {
                            cancelled.add(name)
                            throw e
                        }
                    }
                }
                move("release", lock::release)
                play()
                lock.toString() shouldBe "DeferredLock(1 of 1 free, 0 waiting)"
                (held + cancelled).sorted() shouldContainExactly listOf("A", "B")
            } shouldBeGreaterThan 20
        }

        test("a permit that was acquired is held by one, or free") {
            everyOrder {
                val semaphore = DeferredSemaphore(2).apply { repeat(2) { acquire() } }
                val held = ArrayList<String>()
                listOf("A", "B", "C").forEach { name ->
                    waiting(name) {
                        semaphore.acquire().await()
                        held.add(name)
                    }
                }
                move("release", semaphore::release)
                play()
                semaphore.waiters shouldBe 0
                held.size + semaphore.tokens shouldBe 1
            } shouldBeGreaterThan 100
        }

        mapOf<String, suspend (DeferredQueue<Int>) -> Int>(
            "get" to { it.get().await() },
            "asFlow" to { it.asFlow().first() },
            "the get that a callback has returned" to { queue -> succeed(Unit).addAsyncCallback { queue.get() }.await() },
        ).forEach { (name, take) ->
            test("an object of a queue is taken by one, or is in the queue again, in order: $name") {
                everyOrder {
                    val queue = DeferredQueue<Int>(DeferredQueue.UNLIMITED, DeferredQueue.UNLIMITED)
                    val taken = ArrayList<Int>()
                    listOf("A", "B").forEach { waiting(it) { taken.add(take(queue)) } }
                    move("put") {
                        queue.put(1)
                        queue.put(2)
                        queue.put(3)
                    }
                    play()
                    val left = List(queue.pendingCount) { (outcomeOf(queue.get()) as Success).value }
                    left shouldContainExactly left.sorted()
                    (taken + left).sorted() shouldContainExactly listOf(1, 2, 3)
                    queue.waitingCount shouldBe 0
                } shouldBeGreaterThan 20
            }
        }

        mapOf<String, (Deferred<Thing>) -> Deferred<Thing>>(
            "itself" to { it },
            "what a callback passes on" to { thing -> thing.addCallback { it } },
            "another that waits for it" to { thing -> Deferred<Unit>().also { it.callback(Unit) }.addAsyncCallback { thing } },
            "the target of chainDeferred" to { thing -> Deferred<Thing> { thing.cancel() }.also { thing.chainDeferred(it) } },
            "the winner of a race" to { thing -> race(listOf(Deferred(), thing)).addCallback { it.value } },
        ).forEach { (name, derive) ->
            test("what onUndelivered has is got by the coroutine that awaits it, or closed: $name") {
                everyOrder {
                    val maker = Maker()
                    val got = ArrayList<Thing>()
                    val awaited = derive(maker.deferred)
                    // The one who makes another value of it says what becomes of that.
                    if (name == "the winner of a race") awaited.onUndelivered(Thing::close)
                    waiting("A") { got.add(awaited.await()) }
                    move("fire", maker::fire)
                    play()
                    got.size + maker.thing.closed shouldBe 1
                } shouldBeGreaterThan 2
            }
        }

        test("the winner of a race is got by the coroutine that awaits the race, or closed") {
            everyOrder {
                val maker = Maker()
                val got = ArrayList<Thing>()
                val winner = race(listOf(Deferred(), maker.deferred))
                waiting("A") { got.add(winner.await().value) }
                move("fire", maker::fire)
                play()
                got.size + maker.thing.closed shouldBe 1
            } shouldBeGreaterThan 2
        }

        test("a race that the canceller of a loser cancels gives the winner back") {
            val maker = Maker()
            lateinit var result: Deferred<FirstResult<Thing>>
            val loser = Deferred<Thing> { result.cancel() }
            result = race(listOf(loser, maker.deferred))
            maker.fire()
            maker.thing.closed shouldBe 1
            outcomeOf(result).isSuccess shouldBe false
        }

        test("what comes to the target of chainDeferred after that was cancelled is closed; a permit stays taken, as in Twisted") {
            val maker = Maker()
            val target = Deferred<Thing>()
            maker.deferred.chainDeferred(target)
            target.addErrback { Thing() }
            target.cancel()
            maker.fire()
            maker.thing.closed shouldBe 1

            val own = Deferred<Thing>().onUndelivered(Thing::close)
            val second = Maker()
            second.deferred.chainDeferred(own)
            own.addErrback { Thing() }
            own.cancel()
            second.fire()
            second.thing.closed shouldBe 1 // once

            val lock = DeferredLock().apply { acquire() }
            val permit = Deferred<DeferredLock>()
            lock.acquire().chainDeferred(permit)
            permit.addErrback { lock }
            permit.cancel()
            lock.release()
            lock.locked shouldBe true
        }

        test("a Deferred of kotlinx.coroutines has it, or it is closed") {
            everyOrder {
                val maker = Maker()
                val loop = HandLoop()
                val target = maker.deferred.toKotlinDeferred { tasks("loop").addLast(it) }
                move("fire") { loop.onLoop(maker::fire) }
                move("cancel") { target.cancel(null) }
                play()
                maker.thing.closed shouldBe if (target.isCancelled) 1 else 0
            } shouldBeGreaterThan 2
        }

        test("a loser of a race that has a value all the same has it closed") {
            val thing = Thing()
            val loser = Deferred<Thing> { it.callback(thing) }.onUndelivered(Thing::close)
            val winner = Deferred<Thing>()
            val result = race(listOf(loser, winner))
            winner.callback(Thing())
            (outcomeOf(result) as Success).value.index shouldBe 1
            thing.closed shouldBe 1
        }

        test("an object of a queue that loses a race is in the queue again, and a permit stays with who has asked for it") {
            val queue = DeferredQueue<Int>(1, 1).apply { put(1) }
            val lock = DeferredLock()
            outcomeOf(race(listOf<Deferred<out Any>>(succeed("first"), queue.get(), lock.acquire()))).isSuccess shouldBe true
            queue.pendingCount shouldBe 1
            lock.locked shouldBe true
        }

        test("a value that comes after a cancellation, and is dropped, is closed") {
            val ways =
                listOf<(Deferred<Thing>) -> Unit>(
                    { it.addErrback { Thing() } },
                    { it.toCompletableFuture(Runnable::run) },
                    { thing -> inlineCallbacks { thing.await() } },
                )
            ways.forEach { wait ->
                val thing = Thing()
                val deferred = Deferred<Thing>().onUndelivered(Thing::close)
                wait(deferred)
                deferred.cancel()
                thing.closed shouldBe 0
                deferred.callback(thing)
                thing.closed shouldBe 1
            }
            val throughOthers =
                listOf<(Deferred<Thing>) -> Deferred<*>>(
                    { thing -> succeed(1).addAsyncCallback { thing } },
                    { thing ->
                        Deferred<Int>().also { outer ->
                            outer.addAsyncCallback { thing }
                            outer.callback(1)
                        }
                    },
                    { thing -> succeed(1).addAsyncCallback { thing }.onUndelivered(Thing::close) },
                    { thing -> succeed(1).addAsyncCallback { succeed(2).addAsyncCallback { thing } } },
                    { thing -> Deferred<Thing> { thing.cancel() }.also(thing::chainDeferred) },
                    { thing -> race(listOf(Deferred(), thing)) },
                    { thing -> thing.also { it.cancel() }.let { succeed(1).addAsyncCallback { thing } } },
                    { thing -> thing.also { it.cancel() }.let { inlineCallbacks { thing.await() } } },
                )
            throughOthers.forEachIndexed { index, wait ->
                withClue(index) {
                    val thing = Thing()
                    val source = Deferred<Thing>().onUndelivered(Thing::close)
                    val outer = wait(source)
                    outer.addBoth { null }
                    outer.cancel()
                    source.addErrback { Thing() } // if nobody has taken its failure
                    thing.closed shouldBe 0
                    source.callback(thing)
                    thing.closed shouldBe 1
                }
            }
            val failed = Deferred<Thing>().onUndelivered { error("there is nothing to close") }
            failed.addErrback { Thing() }
            failed.cancel()
            failed.errback(java.io.IOException())
        }

        test("a callback that has made something else of it has taken it") {
            everyOrder {
                val job = SupervisorJob()
                val one = Maker()
                one.deferred.addCallback { "kept elsewhere" }
                CoroutineScope(dispatcher("dispatch") + job).launch(start = CoroutineStart.UNDISPATCHED) { one.deferred.await() }
                one.fire()
                move("cancel") { job.cancel(null) }
                play()
                one.thing.closed shouldBe 0
            } shouldBeGreaterThan 1
        }

        test("what was got is not given back by a later wait for the null that it has left") {
            val queue = DeferredQueue<Int?>(1, 1)
            val got = queue.get()
            val tasks = ArrayDeque<Runnable>()
            queue.put(null)
            outcomeOf(inlineCallbacks { got.await() }) shouldBe Success(null)
            val job = Job()
            val second = Deferred<Unit>()
            got.addAsyncCallback { second.addCallback { null } }
            CoroutineScope(TaskDispatcher(tasks) + job).launch(start = CoroutineStart.UNDISPATCHED) { got.await() }
            second.callback(Unit)
            job.cancel(null)
            while (tasks.isNotEmpty()) tasks.removeFirst().run()
            queue.pendingCount shouldBe 0
        }

        test("time limits of several threads hand the value to nobody") {
            val together = CyclicBarrier(2)
            repeat(2000) {
                val maker = Maker()
                val future = maker.deferred.toCompletableFuture(Runnable::run)
                val limits =
                    List(2) {
                        CompletableFuture.runAsync(
                            {
                                together.await(20, TimeUnit.SECONDS)
                                future.orTimeout(1, TimeUnit.HOURS)
                            },
                            { thread(block = it::run) }, // the common pool may have one thread only
                        )
                    }
                limits.forEach { it.get(20, TimeUnit.SECONDS) }
                val unused = future.thenAcceptAsync({ error("it was cancelled") }) { }
                maker.fire()
                unused.cancel(true)
                maker.thing.closed shouldBe 1
            }
        }

        test("resultNow hands the value over, as on newer JDKs, and says why there is none") {
            val maker = Maker()
            val future = maker.deferred.toCompletableFuture(Runnable::run) as DeferredFuture<Thing>
            shouldThrow<IllegalStateException> { future.resultNow() }
            val unused = future.thenAcceptAsync({ error("it was cancelled") }) { }
            maker.fire()
            val method = CompletableFuture::class.java.methods.firstOrNull { it.name == "resultNow" }
            (method?.invoke(future) ?: future.resultNow()) shouldBe maker.thing
            unused.cancel(true)
            maker.thing.closed shouldBe 0
            val failed = fail<Thing>(java.io.IOException()).toCompletableFuture(Runnable::run) as DeferredFuture<Thing>
            shouldThrow<IllegalStateException> { failed.resultNow() }.message shouldBe "the future has failed"
        }

        test("what a composed future has taken back is handed to nobody who asks later") {
            val maker = Maker()
            val future = succeed(1).toCompletableFuture(Runnable::run).thenCompose { maker.deferred.toCompletableFuture(Runnable::run) }
            val unused = future.thenAcceptAsync({ error("it was cancelled") }) { }
            maker.fire()
            unused.cancel(true)
            maker.thing.closed shouldBe 1
            shouldThrow<java.util.concurrent.CancellationException> { future.join() }
            future.handle { thing, error -> "$thing ${error is java.util.concurrent.CancellationException}" }.join() shouldBe "null true"
        }

        test("an exception while it is given back is logged, and harms nobody") {
            val deferred = Deferred<Thing>().onUndelivered { error("cannot close") }
            val future = deferred.toCompletableFuture(Runnable::run)
            deferred.addCallback { "goes on" }
            future.thenRun { }
            future.cancel(true)
            outcomeOf(deferred) shouldBe Success("goes on")
        }

        stages.forEach { (name, derive) ->
            test("the function of a stage gets it, or it is closed: $name") {
                everyOrder {
                    val maker = Maker()
                    val loop = ModelLoop(tasks("loop"))
                    val future = maker.deferred.toCompletableFuture(loop)
                    val used = ArrayList<Thing>()
                    val after = future.thenRun { perhaps("cancel") } // the JDK runs the stages of a future in the order of a stack
                    val stage = derive(future, used::add) { tasks("pool").addLast(it) }
                    val before = future.thenRun { perhaps("cancel") }
                    move("fire") { loop.onLoop(maker::fire) }
                    move("cancel") { stage.cancel(true) }
                    play()
                    listOf(after, before, stage, future).map { it.isDone } shouldBe listOf(true, true, true, true)
                    used.size + maker.thing.closed shouldBe 1
                    if (maker.thing.closed == 1) future.isCancelled shouldBe true
                } shouldBeGreaterThan 4
            }
        }

        mapOf<String, (Maker) -> Deferred<Thing>>(
            "returned by a callback" to { maker -> maker.before.addAsyncCallback { maker.open() } },
            "returned by a callback with two sides" to { maker ->
                maker.before.addAsyncCallbacks({ maker.open() }, { maker.open() })
            },
            "returned for an outcome" to { maker -> maker.before.addAsyncBoth { maker.open() } },
            "returned by an errback" to { maker ->
                maker.before.addCallback<Thing> { error("on purpose") }.addAsyncErrback { maker.open() }
            },
            "waited for" to { maker -> succeed(1).addAsyncCallback { maker.open() } },
            "chained" to { maker ->
                Deferred<Thing> { maker.deferred.cancel() }.also { maker.open().chainDeferred(it) }
            },
            "chained twice" to { maker ->
                val second = Deferred<Thing> { maker.deferred.cancel() }
                Deferred<Thing> { second.cancel() }.also {
                    maker.open().chainDeferred(second)
                    second.chainDeferred(it)
                }
            },
        ).forEach { (name, derive) ->
            test("the function of a stage gets it, or it is closed, when its Deferred was $name") {
                everyOrder {
                    val maker = Maker()
                    val loop = ModelLoop(tasks("loop"))
                    val future = derive(maker.onceItIsAsked()).toCompletableFuture(loop)
                    val used = ArrayList<Thing>()
                    val stage = future.thenAcceptAsync(used::add) { tasks("pool").addLast(it) }
                    move("fire") { loop.onLoop(maker::fire) }
                    move("cancel") { stage.cancel(true) }
                    play()
                    used.size + maker.thing.closed shouldBe 1
                } shouldBeGreaterThan 4
            }
        }

        mapOf<String, (CompletableFuture<Thing>, (Thing) -> Unit) -> CompletableFuture<*>>(
            "composed" to { inner, use -> succeed(1).toCompletableFuture(Runnable::run).thenCompose { inner }.thenAccept(use) },
            "composed twice" to { inner, use ->
                val first = succeed(1).toCompletableFuture(Runnable::run)
                first.thenCompose { first.thenCompose { inner } }.thenApply { it }.thenAccept(use)
            },
        ).forEach { (name, derive) ->
            test("a stage that waits for another future gets it, or it is closed: $name") {
                everyOrder {
                    val maker = Maker()
                    val loop = ModelLoop(tasks("loop"))
                    val inner = maker.deferred.toCompletableFuture(loop)
                    val used = ArrayList<Thing>()
                    inner.thenRun { perhaps("cancel") }
                    val stage = derive(inner, used::add)
                    inner.thenRun { perhaps("cancel") }
                    move("fire") { loop.onLoop(maker::fire) }
                    move("cancel") { stage.cancel(true) }
                    play()
                    used.size + maker.thing.closed shouldBe 1
                } shouldBeGreaterThan 4
            }
        }

        test("what somebody was handed is not closed by a later cancellation") {
            val handing =
                mapOf<String, (CompletableFuture<Thing>) -> Unit>(
                    "join" to { it.join() },
                    "get" to { it.get() },
                    "getNow" to { it.getNow(null) },
                    "thenAccept" to { future -> future.thenAccept { } },
                    "whenComplete" to { future -> future.whenComplete { _, _ -> } },
                    "a stage of a copy" to { future -> future.copy().thenAccept { } },
                    "a stage of exceptionally" to { future -> future.exceptionally { Thing() }.thenAccept { } },
                    "somebody else's stage" to { future -> CompletableFuture.completedFuture(1).thenCompose { future }.thenAccept { } },
                )
            handing.forEach { (_, hand) ->
                val maker = Maker()
                val future = maker.deferred.toCompletableFuture(Runnable::run)
                val pending = future.thenCombine(CompletableFuture<Int>()) { _, _ -> }
                maker.fire()
                hand(future)
                pending.cancel(true)
                maker.thing.closed shouldBe 0
                future.isCancelled shouldBe false
            }
        }

        test("a stage that goes on with something else does so, and what was taken back is not seen") {
            val maker = Maker()
            val future = maker.deferred.toCompletableFuture(Runnable::run)
            val pending = future.thenCombine(CompletableFuture<Int>()) { _, _ -> }
            val instead = Thing()
            val tasks = ArrayDeque<Runnable>()
            val fallback = future.copy().thenApplyAsync({ it }, tasks::addLast).exceptionally { instead }.thenApply { it }
            maker.fire()
            pending.cancel(true)
            tasks.removeFirst().run()
            fallback.join() shouldBe instead
            maker.thing.closed shouldBe 1
        }

        test("what nobody was handed is closed by a cancellation, however late") {
            val maker = Maker()
            val future = maker.deferred.toCompletableFuture(Runnable::run)
            val pending = future.thenCombine(CompletableFuture<Int>()) { _, _ -> }
            maker.fire()
            pending.cancel(true)
            maker.thing.closed shouldBe 1
            future.isCancelled shouldBe true
            var seen: Throwable? = null
            future.thenAccept { }.whenComplete { _, error -> seen = error }
            (seen!!.cause is java.util.concurrent.CancellationException) shouldBe true
        }
    }) {
    private class Thing {
        var closed = 0

        fun close() {
            closed++
        }
    }

    /** Makes a thing, unless it is cancelled before. */
    private class Maker {
        val thing = Thing()
        private var isCancelled = false
        val deferred = Deferred<Thing> { isCancelled = true }.onUndelivered(Thing::close)
        val before = Deferred<Int>() // what it starts with, where that is used
        private var isWanted = true

        fun onceItIsAsked() = apply { isWanted = false }

        fun open(): Deferred<Thing> {
            isWanted = true
            return deferred
        }

        fun fire() {
            before.callback(1)
            if (isCancelled || !isWanted) thing.close() else deferred.callback(thing)
        }
    }

    /** A loop whose tasks the model runs. */
    private class ModelLoop(private val tasks: ArrayDeque<Runnable>) : LoopExecutor {
        override var inLoop = false

        override fun execute(task: Runnable) = tasks.addLast { onLoop(task::run) }

        fun onLoop(block: () -> Unit) {
            val before = inLoop
            inLoop = true
            try {
                block()
            } finally {
                inLoop = before
            }
        }
    }

    private class TaskDispatcher(private val tasks: ArrayDeque<Runnable>) : CoroutineDispatcher() {
        override fun dispatch(context: CoroutineContext, block: Runnable) = tasks.addLast(block)
    }

    private companion object {
        val other: CompletableFuture<Int> = CompletableFuture.completedFuture(1)
        val stages =
            mapOf<String, (CompletableFuture<Thing>, (Thing) -> Unit, (Runnable) -> Unit) -> CompletableFuture<*>>(
                "thenApply" to { future, use, _ -> future.thenApply(use) },
                "thenAccept" to { future, use, _ -> future.thenAccept(use) },
                "handle" to { future, use, _ -> future.handle { thing: Thing?, _ -> thing?.let(use) } },
                "whenComplete" to { future, use, _ -> future.whenComplete { thing: Thing?, _ -> thing?.let(use) } },
                "thenCombine" to { future, use, _ -> future.thenCombine(other) { thing, _ -> use(thing) } },
                "thenAcceptBoth" to { future, use, _ -> future.thenAcceptBoth(other) { thing, _ -> use(thing) } },
                "applyToEither" to { future, use, _ -> future.applyToEither(CompletableFuture()) { use(it) } },
                "acceptEither" to { future, use, _ -> future.acceptEither(CompletableFuture()) { use(it) } },
                "thenCompose" to { future, use, _ -> future.thenCompose { other.also { _ -> use(it) } } },
                "thenApplyAsync" to { future, use, pool -> future.thenApplyAsync(use, pool) },
                "thenAcceptAsync" to { future, use, pool -> future.thenAcceptAsync(use, pool) },
                "handleAsync" to { future, use, pool -> future.handleAsync({ thing: Thing?, _ -> thing?.let(use) }, pool) },
                "whenCompleteAsync" to { future, use, pool -> future.whenCompleteAsync({ thing: Thing?, _ -> thing?.let(use) }, pool) },
                "thenCombineAsync" to { future, use, pool -> future.thenCombineAsync(other, { thing, _ -> use(thing) }, pool) },
                "thenAcceptBothAsync" to { future, use, pool -> future.thenAcceptBothAsync(other, { thing, _ -> use(thing) }, pool) },
                "applyToEitherAsync" to { future, use, pool -> future.applyToEitherAsync(CompletableFuture(), { use(it) }, pool) },
                "acceptEitherAsync" to { future, use, pool -> future.acceptEitherAsync(CompletableFuture(), { use(it) }, pool) },
                "thenComposeAsync" to { future, use, pool -> future.thenComposeAsync({ other.also { _ -> use(it) } }, pool) },
                "a stage of a copy" to { future, use, _ -> future.copy().thenAccept(use) },
                "a stage with a time limit" to { future, use, _ -> future.orTimeout(1, TimeUnit.HOURS).thenAccept(use) },
                "a stage with a value for the time limit" to { future, use, _ ->
                    future.copy().completeOnTimeout(Thing(), 1, TimeUnit.HOURS).thenAccept(use)
                },
                "a stage of exceptionally" to { future, use, _ -> future.exceptionally { throw it }.thenAccept(use) },
            )
    }
}
