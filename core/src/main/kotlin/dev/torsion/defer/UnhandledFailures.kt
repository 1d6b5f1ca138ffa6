// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.Logger
import dev.torsion.log.safeString
import java.lang.ref.Cleaner
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.Executor
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit

/** Hears of every unhandled failure; see [UnhandledFailures]. */
public fun interface UnhandledFailureListener {
    /** Takes the [report]. True claims it, so that it is not logged. */
    public fun unhandled(report: UnhandledFailure): Boolean
}

/**
 * A failure that reached the end of its Deferred's chain; or that of a future which nobody has looked at.
 *
 * @property failure the failure
 * @property places where the Deferred or future was made, and the Deferred fired, as stack traces; without debug mode a hint how to switch
 *   it on
 * @property madeAt the source line that made the Deferred or future, such as `Client.kt:42`, or null without debug mode
 */
public class UnhandledFailure private constructor(
    private val what: String,
    public val failure: Failure,
    public val madeAt: String?,
    public val places: String,
) {
    /** Where the failure is, for a message. */
    @get:JvmSynthetic
    internal val head: String get() = "Unhandled failure in $what"

    override fun toString(): String = "$head${madeAt?.let { " made at $it" } ?: ""}: ${safeString(failure.value)}"

    internal companion object {
        const val HINT: String = "(run with -D${DeferredDebug.PROPERTY}=on to see where it was made)"

        fun ofDeferred(failure: Failure, debug: DebugInfo?) =
            UnhandledFailure("Deferred", failure, debug?.made?.site(), debug?.toString() ?: HINT)

        fun ofFuture(error: Throwable, made: Place?) =
            UnhandledFailure("a future", Failure(error), made?.site(), made?.let { "made:$it" } ?: HINT)
    }
}

/**
 * Reports unhandled failures of Deferreds, and failures of their futures that nobody sees.
 *
 * A failure is noted when it reaches the end of its chain. The note is withdrawn when an errback takes the failure or another Deferred
 * takes it over. The other notes are reported at the end of the turn: a reactor calls [beginTurn] and [endTurn] around each of its turns.
 * On a thread without a turn the report comes when the Deferred is garbage collected, which never happens while the exception itself refers
 * to the Deferred. An errback that is added after the report still handles the failure, too late for the report.
 *
 * The future of a Deferred takes its failure over. Somebody sees it who adds `exceptionally`, `handle` or `whenComplete` to the future or to
 * a stage derived from it, waits for one of them, or gives it to others, as to `allOf` or a coroutine's `await`. Otherwise the failure is
 * reported, once, whatever the number of stages: at the end of the turn, if the future was made in a turn of its reactor. A caller that has
 * made it elsewhere, as on another thread or before the reactor runs, has a second to look. The same is true of what the function of a
 * stage throws, unless it runs on another executor. A cancellation is never reported. A future that has already failed when it is given to
 * `allOf` or `anyOf` is reported all the same, since the JDK's own look unseen.
 *
 * A report is an error in the log (namespace `dev.torsion.defer`), unless a listener claims it.
 */
public object UnhandledFailures {
    private val log = Logger(Deferred::class.java.packageName)
    private val listeners = CopyOnWriteArrayList<UnhandledFailureListener>()
    private val turns = ThreadLocal<Turns>()

    /**
     * Adds a listener for the whole program. Closing the result removes it. Listeners run on the thread of the turn. For garbage collected
     * Deferreds they run on a thread of this object. All of them are called, even after one has claimed the report. An exception of a
     * listener is logged, and claims nothing.
     */
    @JvmStatic
    public fun addListener(listener: UnhandledFailureListener): AutoCloseable {
        listeners.add(listener)
        return AutoCloseable { listeners.remove(listener) }
    }

    /** Begins a turn of this thread. Turns nest: an inner one reports what was noted since it began. */
    @JvmStatic
    public fun beginTurn() {
        val now = turns.get() ?: Turns().also(turns::set)
        now.begin()
    }

    /** Ends the turn that this thread began last and reports what is left. @throws IllegalStateException without a turn */
    @JvmStatic
    public fun endTurn() {
        val now = turns.get()
        check(now != null && now.isIn) { "endTurn without beginTurn" }
        val left = now.end()
        for (i in left.indices) report(left[i])
    }

    /** Notes that [deferred] ended with [failure]. The guard that is returned withdraws the note. */
    @JvmSynthetic
    internal fun note(deferred: Deferred<*>, failure: Failure, debug: DebugInfo?): FailureGuard {
        val turn = turns.get()?.takeIf { it.isIn }
        val guard = FailureGuard(failure, debug, turn)
        if (turn != null) turn.note(guard) else Backstop.watch(deferred, guard)
        return guard
    }

    /** Notes that a future of [loop] has failed. It [isFromTurn] if nobody but callbacks of the present turn can be about to look at it. */
    @JvmSynthetic
    internal fun note(note: FailureNote, loop: Executor, isFromTurn: Boolean) {
        val turn = if (isFromTurn) turns.get()?.takeIf { it.isIn } else null
        if (turn != null) turn.note(note) else Grace.reportLater(note, loop)
    }

    @JvmSynthetic
    internal fun report(note: FailureNote) {
        val report = note.takeForReport() ?: return
        val failure = report.failure
        var claimed = false
        for (listener in listeners) {
            try {
                claimed = listener.unhandled(report) || claimed
            } catch (error: Throwable) {
                log.failure("A listener for unhandled failures threw", error)
            }
        }
        if (claimed) return
        val made = report.madeAt?.let { mapOf("madeAt" to it) } ?: emptyMap()
        log.with(made).failure(
            "${report.head}${if (made.isEmpty()) "" else " made at {madeAt}"}: {error}\n{places}",
            failure.value,
            "error" to safeString(failure.value),
            "places" to report.places,
        )
    }
}

/** The failures that may be reported, unless they are withdrawn or seen before. */
internal abstract class FailureNote {
    abstract val isPending: Boolean

    /** The failure to report, once; null when there is nothing. */
    abstract fun takeForReport(): UnhandledFailure?
}

/**
 * The note about one failure: pending until it is withdrawn or reported. It never refers to its Deferred, which may become
 * garbage.
 */
internal class FailureGuard(val failure: Failure, val debug: DebugInfo?, private val turns: Turns?) : FailureNote() {
    @Volatile
    private var pending = true
    var watch: Cleaner.Cleanable? = null

    override val isPending: Boolean get() = pending

    fun withdraw() {
        if (!pending) return
        pending = false
        watch?.clean()
        turns?.withdrawn(this)
    }

    override fun takeForReport(): UnhandledFailure? {
        if (!pending) return null
        pending = false
        return UnhandledFailure.ofDeferred(failure, debug)
    }
}

/** The turns of one thread, and the notes of all of them in one list. Kept from turn to turn: a turn without failures allocates nothing. */
internal class Turns {
    private val notes = ArrayList<FailureNote>()
    private val starts = ArrayList<Int>()

    val isIn: Boolean get() = starts.isNotEmpty()

    fun begin() {
        starts.add(notes.size)
    }

    /** Ends the innermost turn; the notes it leaves are taken out. */
    fun end(): List<FailureNote> {
        val start = starts.removeAt(starts.lastIndex)
        if (start >= notes.size) return emptyList()
        val ended = notes.subList(start, notes.size)
        return ended.filter { it.isPending }.also { ended.clear() }
    }

    fun note(guard: FailureNote) {
        notes.add(guard)
    }

    /** Drops a withdrawn note when it is the newest, so that failures handled at once do not pile up during a long turn. */
    fun withdrawn(guard: FailureGuard) {
        if (notes.isNotEmpty() && notes[notes.lastIndex] === guard) notes.removeAt(notes.lastIndex)
    }
}

/** Reports at garbage collection, for threads without turns. Its daemon thread starts with the first failure that is noted. */
private object Backstop {
    private val cleaner = Cleaner.create { task -> Thread(task, "torsion-unhandled-failures").apply { isDaemon = true } }

    fun watch(deferred: Deferred<*>, guard: FailureGuard) {
        guard.watch = cleaner.register(deferred) { UnhandledFailures.report(guard) }
    }
}

/** Reports a second later: the owner of a future may be a thread that is about to look at it. */
private object Grace {
    fun reportLater(note: FailureNote, loop: Executor) {
        val report = Runnable { UnhandledFailures.report(note) }
        CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS, { runOn(loop, it) }).execute(report)
    }

    private fun runOn(loop: Executor, task: Runnable) {
        try {
            loop.execute(task)
        } catch (_: RejectedExecutionException) {
            task.run() // the loop has ended meanwhile
        }
    }
}
