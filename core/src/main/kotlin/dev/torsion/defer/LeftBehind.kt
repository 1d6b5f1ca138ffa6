// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.safeString
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.job
import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicInteger

/**
 * Sees coroutines, paused Deferreds and futures that the thread of [watch] begins, and says which of them have not ended. It is for tools
 * that find the leftovers of a test, such as the testkit's `LeakWatch`. It is not for programs, since it keeps everything that it sees.
 *
 * Thread: that of [watch].
 */
@TorsionSpi
public class LeftBehind private constructor() : AutoCloseable {
    private val coroutines = Seen<DeferredCoroutine<*>> { it.job?.isActive != false }
    private val paused = Seen<Deferred<*>> { it.isPaused }
    private val futures = Seen<Made> { !it.future.isDone || it.future.unseenError() != null }

    private class Made(val future: DeferredFuture<*>, val place: Place?)

    /**
     * The leftovers now:
     * - waiting coroutines: those of [inlineCallbacks], and all below the [scopes];
     * - failed Deferreds that [pause][Deferred.pause] holds, so that nobody reports their failure;
     * - futures of Deferreds, and stages derived from them, that have failed with anything but a cancellation while nobody has looked at
     *   them: no stage was added, and nobody has asked. A stage of `whenComplete` counts as looked at.
     */
    public fun found(scopes: Collection<CoroutineScope>): List<Leftover> {
        val below = scopes.flatMap { it.coroutineContext.job.coroutines() }.toSet<Job>()
        return coroutines.left().filter { it.job !in below }.map { Leftover("a coroutine that waits: ${it.deferred}", null) } +
            below.map { Leftover("a coroutine that waits: ${described(it)}", null) } +
            paused.left().mapNotNull { it.heldFailure?.let { error -> Leftover("a failure that is held by pause: $it", error) } } +
            futures.left().mapNotNull { made -> made.future.unseenError()?.let { leftover(made, it) } }
    }

    private fun Job.coroutines(): List<Job> = children.toList().flatMap {
        it.coroutines() +
            if (it is CoroutineScope) listOf(it) else emptyList()
    }

    private fun leftover(made: Made, error: Throwable): Leftover {
        val where = made.place?.let { " made at ${it.site()}" } ?: ""
        return Leftover("a failed future that nobody has looked at$where: ${safeString(error)}${made.place ?: ""}", error)
    }

    private fun described(job: Job): String {
        val context = (job as CoroutineScope).coroutineContext
        DeferredCoroutine.of(context)?.let { return it.deferred.toString() }
        val place = context[CoroutinePlace]?.place ?: return job.toString()
        return "$job, launched at ${place.site()}$place"
    }

    /**
     * Fails with [error] the futures that have no result yet and belong to [loop]. For a thread that waits for one of them in vain: on any
     * thread, while that of [watch] waits.
     */
    public fun failPending(loop: Executor, error: Throwable) {
        futures.left().map { it.future }.filter { it.belongsTo(loop) }.forEach { it.completeExceptionally(error) }
    }

    /** Ends the watch. */
    override fun close() {
        if (current.get() !== this) return
        current.remove()
        watching.decrementAndGet()
    }

    override fun toString(): String = "LeftBehind($coroutines coroutines, $paused paused Deferreds, $futures futures)"

    /** Those that are still of interest; the others are let go as new ones come. */
    private class Seen<T>(private val isOfInterest: (T) -> Boolean) {
        private val all = ArrayList<T>()
        private var limit = FEW

        fun add(one: T) {
            if (all.size >= limit) {
                all.retainAll { isOfInterest(it) }
                limit = maxOf(FEW, all.size * 2)
            }
            all.add(one)
        }

        fun left() = all.filter(isOfInterest)

        override fun toString() = left().size.toString()
    }

    public companion object {
        private const val FEW = 64
        private val watching = AtomicInteger() // so that programs do not look at the thread local
        private val current = ThreadLocal<LeftBehind>()

        /** Begins to watch the calling thread. An earlier watch of this thread sees nothing more. */
        @JvmStatic
        public fun watch(): LeftBehind {
            current.get()?.close()
            watching.incrementAndGet()
            return LeftBehind().also(current::set)
        }

        private fun now() = if (watching.get() == 0) null else current.get()

        @JvmSynthetic
        internal fun begun(coroutine: DeferredCoroutine<*>) {
            now()?.coroutines?.add(coroutine)
        }

        /** Whether the thread is watched. */
        @JvmSynthetic
        internal fun made(future: DeferredFuture<*>): Boolean {
            val watch = now() ?: return false
            watch.futures.add(Made(future, if (DeferredDebug.enabled) Place.here() else null))
            return true
        }

        @JvmSynthetic
        internal fun paused(deferred: Deferred<*>) {
            now()?.paused?.add(deferred)
        }
    }
}

/** Something that was left behind. Immutable. */
@TorsionSpi
public class Leftover internal constructor(
    private val text: String,
    /** The error in it, or null. */
    public val error: Throwable?,
) {
    /** Its description, with the place where it was made when [debugging][DeferredDebug] is on. */
    override fun toString(): String = text
}
