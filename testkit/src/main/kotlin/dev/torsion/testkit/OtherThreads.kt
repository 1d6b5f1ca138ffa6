// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit

import java.time.Duration
import java.util.Collections
import java.util.WeakHashMap
import java.util.concurrent.TimeUnit
import java.util.concurrent.locks.LockSupport

/**
 * The other threads of a test, such as those of `Dispatchers.IO`. Virtual time must not run away from their work, and a test that waits for
 * them has something to wait for.
 *
 * A thread is at work when code of neither the platform nor the library is on its stack, and it does not wait without a limit. So the idle
 * threads of pools are not, nor loops that wait for events, nor threads that wait for this one. Threads that were at work before the
 * clock was made are none of its test's, unless they have been idle since.
 *
 * Thread: the test's.
 */
internal class OtherThreads {
    private val strangers: MutableSet<Thread> = Collections.newSetFromMap(WeakHashMap())

    init {
        strangers.addAll(busy())
    }

    /** Those that are at work now, except the strangers. */
    private fun atWork(): List<Thread> {
        val busy = busy()
        strangers.retainAll(busy.toSet())
        return busy.filter { it !in strangers }
    }

    val areAtWork: Boolean get() = atWork().isNotEmpty()

    /** The way of one wait: it has so much [patience] in all, by the real clock. */
    inner class Wait(patience: Duration) {
        private val patience = TimeUnit.NANOSECONDS.convert(patience)
        private var spent = 0L

        /**
         * Waits while a thread is at work, or one of [elsewhere] is, until something [has come][hasCome] from there. False when there is
         * nothing to wait for, or nothing came in time.
         *
         * @param isLast nothing else is left to wait for
         */
        fun bringsSomething(isLast: Boolean, elsewhere: Boolean, hasCome: () -> Boolean): Boolean {
            var looks = if (isLast) {
                LOOKS_AT_LAST
            } else if (elsewhere) {
                LOOKS
            } else {
                1
            }
            while (!hasCome()) {
                if (spent >= patience || Thread.currentThread().isInterrupted) return false
                if (atWork().isEmpty() && !(isLast && elsewhere) && --looks <= 0) return hasCome()
                val before = System.nanoTime()
                LockSupport.parkNanos(PAUSE)
                spent += System.nanoTime() - before
            }
            return true
        }

        /** Which threads are still at work, for a failure; empty when none is. */
        fun describe(): String {
            val threads = atWork().mapNotNull { thread -> userFrame(thread.stackTrace)?.let { "\"${thread.name}\" at $it" } }
            if (threads.isEmpty()) return ""
            return "; at work on other threads, after ${Duration.ofNanos(spent).toMillis()} ms of real time: ${threads.joinToString()}"
        }
    }

    internal companion object {
        private const val PAUSE = 500_000L

        // A thread that was woken shows it a moment later.
        private const val LOOKS = 4
        private const val LOOKS_AT_LAST = 40

        private val PLATFORM =
            listOf(
                "java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin.", "kotlinx.",
                "dev.torsion.defer.", "dev.torsion.loop.", "dev.torsion.health.", "dev.torsion.reactor.", "dev.torsion.nio.",
                "dev.torsion.testkit.DrivingWatch",
            )
        private val TEST_ENGINES = listOf("org.junit.", "io.kotest.engine.", "org.apache.maven.", "org.gradle.", "com.intellij.")

        /** The nearest call of code that is neither the platform's nor the library's. A class that the JVM has made has no line. */
        fun userFrame(stack: Array<StackTraceElement>): StackTraceElement? =
            stack.filter { frame -> (PLATFORM + TEST_ENGINES).none { frame.className.startsWith(it) } }.run {
                firstOrNull { it.lineNumber > 0 }
                    ?: firstOrNull()
            }

        private fun busy(): List<Thread> = all().filter { it !== Thread.currentThread() && mayBeAtWork(it) && isAtWork(it.stackTrace) }

        private fun mayBeAtWork(thread: Thread) = when (thread.state) {
            Thread.State.RUNNABLE, Thread.State.BLOCKED, Thread.State.TIMED_WAITING -> true
            else -> false
        }

        private fun isAtWork(stack: Array<StackTraceElement>): Boolean =
            userFrame(stack) != null && stack.none { waitsForEvents(it) || it.isOfTestEngine() }

        private fun waitsForEvents(frame: StackTraceElement) =
            (frame.className.startsWith("sun.nio.ch.") && "Selector" in frame.className) || frame.methodName == "accept0"

        private fun StackTraceElement.isOfTestEngine() = TEST_ENGINES.any { className.startsWith(it) }

        /** All platform threads. Without their stacks, which would stop the JVM for each look. */
        private fun all(): List<Thread> {
            val root = generateSequence(Thread.currentThread().threadGroup) { it.parent }.last()
            val threads = arrayOfNulls<Thread>(root.activeCount() * 2 + 16)
            return threads.take(root.enumerate(threads)).filterNotNull()
        }
    }
}
