// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import kotlin.coroutines.Continuation
import kotlin.coroutines.jvm.internal.CoroutineStackFrame

/**
 * One step of a failure's way from the place where it was thrown to the code that waited for it, as a suppressed exception of it. So printed
 * traces show the calls that no thread's stack holds any more.
 *
 * A coroutine's hop is found from its continuation and costs nothing until there is a failure; a Deferred's is known in debug mode only.
 */
internal class AsyncHop private constructor(message: String, frames: Array<StackTraceElement>) : Throwable(message, null, false, true) {
    init {
        stackTrace = frames
    }

    companion object {
        /** How many hops one exception carries: an exception object that is thrown again and again must not grow for ever. */
        private const val LIMIT = 16
        private const val FRAMES = 32

        /** The coroutine of [continuation] waits for what failed with [error]. */
        fun awaited(error: Throwable, continuation: Continuation<*>) {
            var frame = (continuation as? CoroutineStackFrame)?.callerFrame
            val frames = ArrayList<StackTraceElement>()
            while (frame != null && frames.size < FRAMES) {
                frame.getStackTraceElement()?.let(frames::add)
                frame = frame.callerFrame
            }
            add(error, "awaited by a coroutine", frames)
        }

        /** A Deferred that was made at [place] waits for what failed with [error]. */
        fun chained(error: Throwable, place: Place): Unit = add(error, "waited for by a Deferred made", place.userFrames(FRAMES))

        private fun add(error: Throwable, message: String, frames: List<StackTraceElement>) {
            if (frames.isEmpty() || error is java.util.concurrent.CancellationException) return
            val before = error.suppressed.filterIsInstance<AsyncHop>()
            if (before.size >= LIMIT || before.any { it.stackTrace.first() == frames.first() }) return
            error.addSuppressed(AsyncHop(message, frames.toTypedArray()))
        }

        /** The hops of [error], nearest to the throw first. */
        fun of(error: Throwable): List<AsyncHop> = error.suppressed.filterIsInstance<AsyncHop>()
    }
}
