// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.log.Logger
import dev.torsion.log.safeString
import java.util.Collections
import java.util.IdentityHashMap
import java.util.concurrent.CompletableFuture
import java.util.concurrent.Executor
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater
import java.util.function.Predicate

/**
 * The future of a Deferred itself. It follows the stages that were derived from it as long as they wait, since the JDK says to nobody that
 * one of them has failed: it looks at them before and after each result. A failure that nobody has seen by then is noted, and reported by
 * [UnhandledFailures].
 *
 * Not followed is what functions throw on other executors, which `thenApplyAsync` and its kin run.
 *
 * @param quiet which errors are nobody's loss, such as the end of a connection for what waits on it
 */
internal class FirstFuture<T>(source: Deferred<*>, loop: Executor, private val quiet: Predicate<Throwable>?, made: Place?) :
    DeferredFuture<T>(source, loop, null, null, null) {
    private val made = made ?: if (DeferredDebug.enabled) Place.here() else null

    /** Nobody but the loop's own callbacks has it until the turn ends. */
    private val isFromTurn = loop is LoopExecutor && loop.inTurn
    private var isDelivered = false // on the loop's thread

    @Volatile
    private var newest: DeferredFuture<*>? = null // of the stages that are followed, see [older]

    fun follow(stage: DeferredFuture<*>) {
        stage.isFollowed = true
        do {
            val head = newest
            var waiting = head
            while (waiting != null && waiting.isDone) {
                noteIfUnseen(waiting) // it is forgotten here, perhaps by a function that runs between its failure and the look at it
                waiting = waiting.older
            }
            stage.older = waiting
        } while (!NEWEST.compareAndSet(this, head, stage))
    }

    private fun deliver(result: Any?) {
        isDelivered = true
        val isFailure = result is Failure
        val isFollowed = isFailure || newest != null || nextFamily(surely = true) != null
        if (isFollowed) families(next = { it.nextFamily(isFailure) }) { it.seeStrangers() }
        completeFrom(result)
        if (isFollowed) {
            families(next = {
                if (it.isDone) it.nextFamily(surely = true) else null
            }, ended = true) { it.first.noteIfUnseen(it) }
        }
    }

    /** Does [action] for this and all that is followed, and so for what waits for them in `thenCompose`: for each once, though they may be a ring. */
    private inline fun families(
        next: (DeferredFuture<*>) -> FirstFuture<*>?,
        ended: Boolean = false,
        action: (DeferredFuture<*>) -> Unit,
    ) {
        var others: ArrayList<FirstFuture<*>>? = null
        var known: MutableSet<FirstFuture<*>>? = null
        var root: FirstFuture<*>? = this
        while (root != null) {
            var member: DeferredFuture<*>? = root
            var stage = if (ended) root.takeFollowed() else root.newest
            while (member != null) {
                action(member)
                next(member)?.let { family ->
                    if (family !== this && (known ?: identitySet().also { made -> known = made }).add(family)) {
                        (others ?: ArrayList<FirstFuture<*>>().also { made -> others = made }).add(family)
                    }
                }
                member = stage
                if (stage != null) {
                    val older = stage.older
                    if (ended && !stage.isDone) root.followOn(stage)
                    stage = older
                }
            }
            root = others?.removeLastOrNull()
        }
    }

    private fun identitySet(): MutableSet<FirstFuture<*>> = Collections.newSetFromMap(IdentityHashMap())

    private fun takeFollowed(): DeferredFuture<*>? = NEWEST.getAndSet(this, null)

    private fun followOn(stage: DeferredFuture<*>) {
        stage.waitsOn()
        follow(stage)
    }

    /** The failure of [member], which has come this moment, if it has failed. */
    fun noteIfUnseen(member: DeferredFuture<*>) {
        val error = member.unseenError() ?: return
        if (member.isNobodysLoss(error)) {
            member.see()
        } else if (!isInTest) {
            UnhandledFailures.note(FutureNote(member, made), loop, isFromTurn)
        }
    }

    /** Whether [error], which has come here from the source, needs no report. */
    fun isQuiet(error: Throwable): Boolean = quiet?.test(error) == true

    /** After its result the source may be waiting for another Deferred, which is no business of this future's. */
    fun cancelSource() {
        if (!isDelivered) source.cancel()
    }

    fun abandon() {
        cancelThis()
    }

    companion object {
        private val NEWEST = AtomicReferenceFieldUpdater.newUpdater(FirstFuture::class.java, DeferredFuture::class.java, "newest")

        fun <T> of(source: Deferred<T>, loop: Executor, quiet: Predicate<Throwable>?, made: Place?): CompletableFuture<T> {
            val future = FirstFuture<T>(source, loop, quiet, made)
            source.addStep<Any?> { result ->
                future.deliver(result)
                null
            }
            return future
        }
    }
}

/** That a future has failed, and nobody has seen it so far. */
private class FutureNote(private val future: DeferredFuture<*>, private val made: Place?) : FailureNote() {
    override val isPending: Boolean get() = future.unseenError() != null

    override fun takeForReport(): UnhandledFailure? = future.takeUnseenError()?.let { UnhandledFailure.ofFuture(it, made) }
}
