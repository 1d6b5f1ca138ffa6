// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

/**
 * The messages that have come and were not taken yet, in order. Most are taken in the very call that brings them, so the first has a place
 * of its own, and the deque is not touched.
 */
internal class Inbox<T : Any> {
    private var first: T? = null
    private var others: ArrayDeque<T>? = null

    val isEmpty: Boolean get() = first == null

    val size: Int get() = if (first == null) 0 else 1 + (others?.size ?: 0)

    /** The one that came last. Only when there is one. */
    var newest: T
        get() = others?.lastOrNull() ?: first!!
        set(message) {
            val behind = others
            if (behind.isNullOrEmpty()) first = message else behind[behind.lastIndex] = message
        }

    fun add(message: T) {
        if (first == null) first = message else (others ?: ArrayDeque<T>().also { others = it }).addLast(message)
    }

    /** The one that came first, which is no longer here then. Only when there is one. */
    fun take(): T {
        val message = first!!
        first = others?.removeFirstOrNull()
        return message
    }

    fun clear() {
        first = null
        others = null
    }
}
