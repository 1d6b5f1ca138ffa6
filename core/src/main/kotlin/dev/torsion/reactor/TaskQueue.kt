// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import java.util.concurrent.atomic.AtomicReference
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater
import java.util.function.Consumer

/**
 * Tasks handed to the loop by any thread, first in, first out: a linked queue with many producers and one consumer (after Vyukov).
 *
 * [close] is exact: every task that [offer] accepted runs, and every other is refused to its producer.
 */
internal class TaskQueue {
    private class Node(
        task: Runnable?,
    ) : AtomicReference<Runnable?>(task) {
        @Volatile
        var next: Node? = null
            private set

        /** A release is enough, and half the price: the exchange of the tail before it is what orders it for others. */
        fun link(next: Node) = NEXT.lazySet(this, next)

        private companion object {
            @JvmStatic
            val NEXT: AtomicReferenceFieldUpdater<Node, Node> =
                AtomicReferenceFieldUpdater.newUpdater(Node::class.java, Node::class.java, "next")
        }
    }

    private var head = Node(null) // the consumer's; its task is taken
    private val tail = AtomicReference(head)

    @Volatile
    private var closed = false

    /** Adds [task]; false when the queue was closed and the task will not run. Any thread. */
    fun offer(task: Runnable): Boolean {
        if (closed) return false
        val node = Node(task)
        tail.getAndSet(node).link(node)
        // The last sweep may have missed it: then it is ours to take back.
        return !closed || node.getAndSet(null) == null
    }

    /** False while a task waits, or is about to be added. Consumer only. */
    fun isEmpty(): Boolean = tail.get() === head

    /** How many tasks wait, more or less. Any thread; takes time for each of them. */
    fun count(): Int {
        val last = tail.get()
        var node = head // perhaps an old one: those that were taken are passed over
        var count = 0
        while (node !== last) {
            node = node.next ?: break
            if (node.get() != null) count++
        }
        return count
    }

    /** Runs the tasks that are there now; those that they add wait for the next call. Consumer only. */
    fun drain(run: Consumer<Runnable>) {
        val last = tail.get()
        while (head !== last) {
            // A producer between its two steps has not linked its node yet: the tasks behind it come in the next turn.
            val node = head.next ?: return
            head = node
            take(node)?.let(run::accept)
        }
    }

    /** Only a producer that has seen the queue closed takes its task back: until then no exchange is needed. */
    private fun take(node: Node): Runnable? = if (closed) node.getAndSet(null) else node.get().also { node.lazySet(null) }

    /** Refuses further tasks, and runs what is left, with what those tasks add. Consumer only. */
    fun close(run: Consumer<Runnable>) {
        closed = true
        while (!isEmpty()) {
            drain(run)
            Thread.onSpinWait()
        }
    }
}
