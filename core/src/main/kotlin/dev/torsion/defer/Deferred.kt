// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.Logger
import dev.torsion.log.safeString
import dev.torsion.log.simpleName
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.function.Consumer

/**
 * A result that will come, and the chain of callbacks that waits for it (Twisted's `Deferred`).
 *
 * The code that does the work keeps the Deferred and fires it once, with [callback] or [errback]. The code that wants the result adds
 * callbacks. Each callback gets the result of the one before it. An exception goes to the next errback. An errback that returns a value
 * leads back to the next callback. A callback that returns a Deferred makes the chain wait for it. A callback that is added after the
 * firing runs at once.
 *
 * ```kotlin
 * lookUp(name)
 *     .addCallback { address -> "$name is at $address" }
 *     .addErrback { failure -> "$name is unknown: ${failure.value.message}" }
 *     .addCallback(::println)
 * ```
 *
 * The chain is one mutable object: `addCallback` and its siblings change this Deferred and return it, typed by its new result.
 * Use only the returned one from then on.
 *
 * **Threads.** A Deferred is not thread-safe. It belongs to the thread that fires it, and the callbacks run there. Hand results over
 * from other threads through the reactor. While one thread runs the callbacks, another thread that fires it or adds a callback gets an
 * [IllegalStateException], if the check can see this at no cost. In debug mode (see [DeferredDebug]) a Deferred of a running reactor's
 * thread refuses every use by another thread.
 *
 * **Cancellation.** [cancel] stops the work by the [Canceller] given to the constructor.
 *
 * **Failures.** A failure that reaches the end of the chain is reported by [UnhandledFailures].
 *
 * The name is also that of `kotlinx.coroutines.Deferred`; where both are needed, import one of them with an alias.
 *
 * @param canceller stops the work when [cancel] is called before the Deferred has fired; may be left out
 */
public open class Deferred<T> @JvmOverloads constructor(canceller: Canceller<T>? = null) {
    /** Until it has fired, the [Canceller], if there is one; afterwards the [Keeper] of its value, if there is one. */
    private var helper: Any? = canceller

    /** The result so far: [Unfired], a value, a [Failure], or the Deferred that is waited for. */
    private var result: Any? = Unfired
    private var steps: Array<Any?>? = null
    private var head = 0
    private var tail = 0
    private var pauses = 0
    private var runner: Thread? = null // who runs the callbacks, while they run
    private var cancelling = false
    private var swallowNextFire = false
    private var fired = false
    private var keeps = false
    private var source: Deferred<*>? = null // whose chainDeferred will fire this one
    private var guard: FailureGuard? = null
    private val debug: DebugInfo? = if (DeferredDebug.enabled) DebugInfo(Place.here()) else null

    /** True once the Deferred has been fired (or cancelled), whether or not its callbacks could run yet. */
    @get:JvmName("isCalled")
    public val called: Boolean get() = fired

    /** True while [pause] holds the chain, or while it waits for a Deferred that a callback returned. */
    public val isPaused: Boolean get() = pauses > 0 || result is Deferred<*>

    /**
     * Fires with [value]: the callbacks run now. A [Failure] as the value is the same as [errback] with it.
     *
     * @throws AlreadyCalledException when fired before; after a [cancel] without a canceller one fire is silently dropped
     * instead
     * @throws IllegalArgumentException when [value] is a Deferred: return it from a callback, or use [chainDeferred]
     */
    public fun callback(value: T) {
        require(value !is Deferred<*>) { NO_VALUE }
        fire(value)
    }

    /** [callback], or [errback] with the refusal when [value] is a Deferred: for values that others have made. */
    @JvmSynthetic
    internal fun callbackOrRefuse(value: T) {
        if (value is Deferred<*>) errback(IllegalArgumentException("$NO_VALUE: $value")) else fire(value)
    }

    /** Fires with the exception [error]: the errbacks run now. @throws AlreadyCalledException as in [callback] */
    public fun errback(error: Throwable): Unit = fire(Failure(error))

    /** Fires with [failure]: the errbacks run now. @throws AlreadyCalledException as in [callback] */
    public fun errback(failure: Failure): Unit = fire(failure)

    /** Adds a step for a good result; a failure passes by it. Returns this Deferred, typed by what [callback] gives. */
    public fun <R> addCallback(callback: Callback<T, R>): Deferred<R> = add(callback)

    /** [addCallback] for a callback that returns a Deferred: the chain waits for it and goes on with its result. */
    public fun <R> addAsyncCallback(callback: Callback<T, Deferred<R>>): Deferred<R> = addAsync(callback)

    /** Adds a step for a failure; a good result passes by it. The next step gets the value of [errback] as a good result. */
    public fun addErrback(errback: Callback<Failure, T>): Deferred<T> = add(Errback(errback))

    /** [addErrback] for an errback that returns a Deferred: the chain waits for it and goes on with its result. */
    public fun addAsyncErrback(errback: Callback<Failure, Deferred<T>>): Deferred<T> = addAsync(Errback(errback))

    /**
     * Adds one step with two sides: [callback] for a good result, [errback] for a failure. An exception of one never reaches
     * the other; it goes to the next step.
     */
    public fun <R> addCallbacks(callback: Callback<T, R>, errback: Callback<Failure, R>): Deferred<R> = add(Callbacks(callback, errback))

    /** [addCallbacks] for sides that return a Deferred: the chain waits for it and goes on with its result. */
    public fun <R> addAsyncCallbacks(callback: Callback<T, Deferred<R>>, errback: Callback<Failure, Deferred<R>>): Deferred<R> =
        addAsync(Callbacks(callback, errback))

    /** Adds a step that runs in both cases. `outcome.get()` as the result of [callback] passes the outcome on unchanged. */
    public fun <R> addBoth(callback: Callback<Outcome<T>, R>): Deferred<R> = add(Both(callback))

    /** [addBoth] for a callback that returns a Deferred: the chain waits for it and goes on with its result. */
    public fun <R> addAsyncBoth(callback: Callback<Outcome<T>, Deferred<R>>): Deferred<R> = addAsync(Both(callback))

    /**
     * Fires [other] with this Deferred's result, good or bad. From then on [other] handles a failure, and this chain goes on with null.
     * Cancelling [other] does not cancel this one. Each Deferred that is linked this way takes some stack. A Deferred that a callback
     * returns takes none.
     */
    public fun chainDeferred(other: Deferred<T>): Deferred<Void?> {
        other.source = this
        if (mayKeep) other.keeps = true
        return addStep { outcome ->
            takeKeeper()?.let { other.keepNext(it, outcome) }
            other.fire(outcome)
            null
        }
    }

    /**
     * Cancels this Deferred:
     * - Before it has fired, the canceller runs. If the canceller does not fire the Deferred, or there is no canceller, the Deferred fails
     *   with [DeferredCancelledException].
     * - While it waits for a Deferred that a callback returned, that one is cancelled.
     * - When it has its result, nothing happens.
     *
     * Without a canceller the worker does not know of the cancellation. So the next fire is dropped, but only one. If the canceller throws,
     * the Deferred fails with that exception, and the next fire is dropped too. A cancel from inside the canceller does nothing. This
     * method never throws, except for the wrong thread in debug mode.
     */
    public fun cancel() {
        checkOwner("cancels it")
        val innermost = innermost() ?: return
        if (innermost.fired || innermost.cancelling) return
        innermost.cancelling = true
        try {
            innermost.cancelUnfired()
        } finally {
            innermost.cancelling = false
        }
    }

    /** [cancel] for a Deferred that has not been fired. */
    @Suppress("UNCHECKED_CAST")
    @JvmSynthetic
    internal open fun cancelUnfired() {
        val canceller = helper
        if (canceller == null || canceller is KeptValue<*>) {
            swallowNextFire = true
        } else {
            try {
                (canceller as Canceller<T>).cancel(this)
            } catch (error: Throwable) {
                if (fired) {
                    log.failure("The canceller of {deferred} threw after it had fired it", error, "deferred" to safeString(this))
                } else {
                    swallowNextFire = true
                    errback(error)
                }
            }
        }
        if (!fired) errback(DeferredCancelledException())
    }

    /** Holds the chain: no further callback runs until [unpause] has been called as often as this. */
    public fun pause() {
        checkOwner("pauses it")
        pauses++
        LeftBehind.paused(this)
    }

    /**
     * Takes back one [pause]; after the last the callbacks run.
     * @throws IllegalStateException without a [pause] to take back
     */
    public fun unpause() {
        checkOwner("unpauses it")
        check(pauses > 0) { "unpause without pause: $this" }
        pauses--
        if (ready) run()
    }

    /**
     * Gives the value to [release] when nobody else gets it. So a connection or a file is closed, and not lost. There are three cases:
     * - A coroutine in [await], or a future or Deferred of kotlinx.coroutines made of this one, is cancelled after the value has come and
     *   before it is handed over.
     * - The value loses a [race].
     * - The value comes after a [cancel] without a canceller. For this case, call this method before a callback is added.
     *
     * ```kotlin
     * val socket = open().onUndelivered { it.close() }.await()
     * ```
     *
     * It watches the very object that passes by here. When a later callback gives another object, that callback has taken this one. The
     * newest [release] counts. The chain of another Deferred that takes the value over keeps it too, and so does a [race] with its winner.
     *
     * Thread: [release] runs on this Deferred's thread. For a coroutine on a dispatcher of another thread, it runs there. Its exceptions
     * are logged.
     */
    public fun onUndelivered(release: Consumer<in T>): Deferred<T> {
        keeps = true
        val kept = KeptValue(this, release)
        if (helper == null && !fired && head == tail) helper = kept // for a value that comes after a cancellation, and is dropped
        return add(kept)
    }

    /**
     * This Deferred as a future. The future takes the result. A good value completes it, an exception completes it exceptionally with that
     * very exception, and cancellation makes it `isCancelled`. This chain goes on with null.
     *
     * Cancelling the future, or any stage derived from it, cancels this Deferred. So does completing one of them by hand, as `orTimeout`
     * does. The future itself is cancelled at once, so that its other stages end too. The Deferred is cancelled on [loop], the thread that
     * it belongs to, so any thread may cancel the stages. When the result and the cancellation meet, the first one wins, and the loser is
     * dropped.
     *
     * A failure of the future that nobody sees is reported, see [UnhandledFailures].
     *
     * Call this method itself on the Deferred's thread. Without a reactor, `Runnable::run` as [loop] cancels on the cancelling thread.
     */
    public fun toCompletableFuture(loop: Executor): CompletableFuture<T> = FirstFuture.of(this, loop, null, null)

    override fun toString(): String {
        val state =
            when (val now = result) {
                Unfired ->
                    awaited?.let { "unfired, its coroutine waiting on ${it.nameAndPlace}" }
                        ?: source?.let { "unfired, waiting on ${it.nameAndPlace}" } ?: "unfired"
                is Deferred<*> -> "waiting on ${now.nameAndPlace}"
                is Failure -> "failed with ${safeString(now.value)}"
                else -> "result ${safeString(now)}"
            }
        val pending = if (head < tail) ", ${tail - head} callbacks pending" else ""
        val held = if (pauses > 0) ", paused" else ""
        val place = site?.let { ", made at $it" } ?: ""
        return "$name($state$held$pending$place)"
    }

    /** The thing that the work behind this Deferred waits on, if it is known. */
    @get:JvmSynthetic
    internal open val awaited: Deferred<*>? get() = null

    private val site get() = debug?.made?.site()

    private val nameAndPlace get() = name + (site?.let { " made at $it" } ?: "")

    private val name get() = "${simpleName(javaClass, "Deferred")}@${Integer.toHexString(System.identityHashCode(this))}"

    /** Adds a step that gets the bare result (a value or a [Failure]) and wants no [Success] made for it. */
    @JvmSynthetic
    internal fun <R> addStep(step: Step): Deferred<R> = add(step)

    /** True when the result is there to take: nothing is queued before it, nothing holds it. */
    @get:JvmSynthetic
    internal val isSettled: Boolean get() = ready && head == tail

    /** Takes the result out and leaves null, as if a callback had returned null. Only when [isSettled]. */
    @JvmSynthetic
    internal fun take(): Any? {
        val taken = result
        result = null
        settle()
        return taken
    }

    /** The exception of a failure that [pause] keeps from the chain. */
    @get:JvmSynthetic
    internal val heldFailure: Throwable? get() = if (pauses > 0) (result as? Failure)?.value else null

    /** Says that somebody else has reported this Deferred's failure. */
    @JvmSynthetic
    internal fun disownFailure() {
        guard?.withdraw()
    }

    /** Whether its value may have a [Keeper], of its own or from another Deferred. A future asks before the value is there. */
    @get:JvmSynthetic
    internal val mayKeep: Boolean get() = keeps || this is Keeper

    /** A step that takes the value out asks who takes it back when nobody gets it. */
    @JvmSynthetic
    internal fun takeKeeper(): Keeper? {
        val keeper = helper ?: return null
        if (swallowNextFire && keeper is KeptValue<*>) return null // it waits for the value that will be dropped
        helper = null
        return keeper as? Keeper // or a canceller that was not needed
    }

    /** From now on, and as long as the chain has its value, [keeper] takes that back. */
    @JvmSynthetic
    internal fun keep(keeper: Keeper) {
        helper = keeper
    }

    /** [keep] for one that is about to be fired with [outcome]; one that has fired, such as a cancelled one, will drop that. */
    private fun keepNext(keeper: Keeper, outcome: Any?) {
        if (!fired) {
            keep(keeper)
        } else if (!(swallowNextFire && helper is KeptValue<*>)) { // that one takes it back itself
            keeper.lostRace(outcome) // a permit stays taken, as in Twisted
        }
    }

    private val ready get() = fired && runner == null && pauses == 0 && result !is Deferred<*>

    private fun fire(outcome: Any?) {
        checkOwner("fires it")
        if (runner != null) checkThread("fires it")
        if (fired) {
            if (swallowNextFire) {
                swallowNextFire = false
                (helper as? KeptValue<*>)?.let { kept ->
                    helper = null
                    kept.cameTooLate(outcome)
                }
                return
            }
            throw AlreadyCalledException("fired a second time: $name${debug?.let { "\n$it" } ?: HOW_TO_DEBUG}")
        }
        debug?.fired = Place.here()
        fired = true
        if (source != null) source = null
        result = outcome
        if (ready) run()
    }

    /**
     * Adds a [Step], a [Waiting], or the bare [Callback] for a good result. Most steps are bare callbacks: they need one slot, and no
     * object around them.
     */
    private fun <R> add(step: Any): Deferred<R> {
        checkOwner("adds a callback")
        if (!fired) push(step) else addFired(step)
        @Suppress("UNCHECKED_CAST")
        return this as Deferred<R>
    }

    /** Adds a step that gives a Deferred, whose value may have a [Keeper]. */
    private fun <R> addAsync(step: Any): Deferred<R> {
        keeps = true
        return add(step)
    }

    private fun addFired(step: Any) {
        if (runner != null) checkThread("adds a callback")
        if (isSettled) {
            performAlone(step)
            if (head == tail && result !is Deferred<*>) settle() else run()
        } else {
            append(step)
            if (ready) run()
        }
    }

    private fun append(step: Any) {
        if (guard != null) forgetFailure()
        push(step)
    }

    private fun push(step: Any) {
        var room = steps
        if (room == null || tail == room.size) room = moreRoom(room)
        room[tail++] = step
    }

    private fun moreRoom(full: Array<Any?>?): Array<Any?> {
        if (full == null) return arrayOfNulls<Any?>(FIRST_ROOM).also { steps = it }
        val pending = tail - head
        val target = if (pending > full.size / 2) arrayOfNulls<Any?>(full.size * GROWTH) else full
        System.arraycopy(full, head, target, 0, pending)
        if (target === full) full.fill(null, pending, tail)
        steps = target
        head = 0
        tail = pending
        return target
    }

    /**
     * Runs the chain as far as it can. Deferreds that wait for each other are walked by this loop and not by recursion, so
     * the stack stays flat however many there are. A Deferred that has handed its result over but has more callbacks of its
     * own goes on after those it supplied.
     */
    private fun run() {
        var suppliers: ArrayList<Deferred<*>>? = null
        var current: Deferred<*> = this
        while (true) {
            val next = if (current.ready) current.runSteps() else null
            if (next != null) {
                if (current.head < current.tail) {
                    if (suppliers == null) suppliers = ArrayList()
                    suppliers.add(current)
                }
                current = next
            } else if (suppliers.isNullOrEmpty()) {
                return
            } else {
                current = suppliers.removeAt(suppliers.lastIndex)
            }
        }
    }

    /**
     * Runs the queued steps. Returns the Deferred that was waiting for this one's result and has it now, if one comes up in
     * the queue. The steps that ran are let go together at the end, which is cheaper than one by one.
     */
    private fun runSteps(): Deferred<*>? {
        var ran = head
        var waiter: Deferred<*>? = null
        var now = result
        runner = Thread.currentThread() // once for all steps: each write of a reference has its barrier
        try {
            while (head < tail && pauses == 0) {
                val step = steps!![head++]
                if (step is Waiting) {
                    waiter = step.deferred
                    break
                }
                val next = head
                now = perform(step, now)
                result = now // a callback of another Deferred may take it while the next step runs
                // A step that was added meanwhile may have moved the queue to the front.
                if (head < next) ran = 0
                if (now is Deferred<*>) break
            }
        } finally {
            runner = null
        }
        if (waiter != null) handOverTo(waiter)
        if (head < tail) {
            steps!!.fill(null, ran, head)
        } else {
            steps = null
            head = 0
            tail = 0
            settle()
        }
        return waiter
    }

    private fun handOverTo(waiter: Deferred<*>) {
        val handedOver = take()
        takeKeeper()?.let(waiter::keep)
        val place = waiter.debug?.made
        if (handedOver is Failure && place != null) AsyncHop.chained(handedOver.value, place)
        waiter.result = handedOver
    }

    /** Runs a step that never was in the queue. */
    private fun performAlone(step: Any) {
        runner = Thread.currentThread()
        try {
            result = perform(step, result)
        } finally {
            runner = null
        }
    }

    /** Runs one step, as the [runner], and gives the next result: a Deferred when the chain now waits for that. */
    @Suppress("UNCHECKED_CAST")
    private fun perform(step: Any?, input: Any?): Any? = try {
        val output =
            when {
                step is Step -> step.run(input)
                input is Failure -> input
                else -> (step as Callback<Any?, Any?>).call(input)
            }
        if (output is Deferred<*>) goOnWith(output) else output
    } catch (error: Throwable) {
        Failure(error)
    }

    /** A step has returned [other]: takes its result, or waits for it. */
    private fun goOnWith(other: Deferred<*>): Any? {
        if (DeferredDebug.enabled) other.checkOwner("returns it from a callback")
        check(!other.waitsFor(this)) { "a callback returned $other, which would make $this wait for itself" }
        if (other.result !== Unfired && !other.isPaused) {
            other.takeKeeper()?.let(::keep)
            return other.take()
        }
        if (guard != null) forgetFailure()
        other.append(Waiting(this))
        return other
    }

    /** Notes a failure, now that no step is left to handle it, or withdraws the note. */
    private fun settle() {
        val now = result
        if (now is Failure) {
            val noted = guard
            if (noted == null || noted.failure !== now) {
                noted?.withdraw()
                guard = UnhandledFailures.note(this, now, debug)
            }
        } else if (guard != null) {
            forgetFailure()
        }
    }

    /**
     * The Deferred at the end of the chain of those that wait for each other, or null when the chain is a ring (Brent's
     * search).
     */
    private fun innermost(): Deferred<*>? {
        var mark: Deferred<*> = this
        var current: Deferred<*> = this
        var steps = 0
        var limit = 1
        while (true) {
            current = current.result as? Deferred<*> ?: return current
            if (current === mark) return null
            if (++steps == limit) {
                mark = current
                steps = 0
                limit *= 2
            }
        }
    }

    /**
     * Whether this is [other], or waits for it over a few others. Longer rings are not looked for, since each chaining would
     * pay for the search.
     */
    private fun waitsFor(other: Deferred<*>): Boolean {
        var current: Deferred<*> = this
        repeat(RING_SEARCH) {
            if (current === other) return true
            current = current.result as? Deferred<*> ?: return false
        }
        return false
    }

    private fun forgetFailure() {
        guard?.withdraw()
        guard = null
    }

    /** This Deferred is used on a thread of its own, which is not the one that makes it. */
    @JvmSynthetic
    internal fun belongsElsewhere() {
        debug?.loop = null
    }

    /** Refuses, in debug mode, what another thread does with a Deferred of a running reactor. */
    @JvmSynthetic
    internal fun checkOwner(act: String) {
        if (DeferredDebug.enabled) debug?.let { it.loop?.checkUse(this, act, it) }
    }

    /** The callbacks are running: a caller that [act]s must be one of them. */
    private fun checkThread(act: String) {
        val running = runner
        val here = Thread.currentThread()
        check(running == null || running === here) {
            "$name is used by two threads at once: \"${running?.name}\" runs its callbacks, \"${here.name}\" $act. " +
                "Hand results over through the reactor's callFromThread.${debug?.let { "\n$it" } ?: ""}"
        }
    }
}

/** The result of a Deferred that has not been fired. */
private object Unfired

private val log = Logger(Deferred::class.java.packageName)

/** Steps that the first array has room for: most chains are no longer, and a second array costs more than some empty slots. */
private const val FIRST_ROOM = 12

/** By how much the array grows: a long chain is soon there. */
private const val GROWTH = 3

private const val RING_SEARCH = 64

internal const val NO_VALUE = "a Deferred cannot be the value of a Deferred; return it from a callback, await it, or use chainDeferred"

private const val HOW_TO_DEBUG = " (run with -D${DeferredDebug.PROPERTY}=on to see where it was made and fired)"
