// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.ThreadContextElement
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext

/**
 * The state that coroutines have on the thread while they run, such as `MDCContext`. A dispatcher sets it; code that resumes a coroutine
 * without one does so [around] it.
 */
@TorsionSpi
public class ThreadContext private constructor(private val elements: List<ThreadContextElement<*>>) {
    /** Goes on with [continuation], with what it has on the thread, and takes that away again. */
    public fun <T> around(continuation: Continuation<T>): Continuation<T> = Around(continuation, elements)

    private class Around<T>(private val continuation: Continuation<T>, private val elements: List<ThreadContextElement<*>>) :
        Continuation<T> by continuation {
        override fun resumeWith(result: Result<T>) = resumeWith(result, 0)

        private fun resumeWith(result: Result<T>, next: Int) {
            if (next == elements.size) return continuation.resumeWith(result)
            @Suppress("UNCHECKED_CAST")
            val element = elements[next] as ThreadContextElement<Any?>
            val before = element.updateThreadContext(context)
            try {
                resumeWith(result, next + 1)
            } finally {
                element.restoreThreadContext(context, before)
            }
        }
    }

    public companion object {
        /** Of the coroutines with this [context]; null when they have nothing. */
        @JvmStatic
        public fun of(context: CoroutineContext): ThreadContext? = context.fold(null, collect)?.let(::ThreadContext)

        // A value: a reference to a function of this object would be a new object for each wait.
        private val collect = { found: List<ThreadContextElement<*>>?, element: CoroutineContext.Element ->
            if (element is ThreadContextElement<*>) found.orEmpty() + element else found
        }
    }
}
