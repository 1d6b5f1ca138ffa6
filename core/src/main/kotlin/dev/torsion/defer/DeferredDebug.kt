// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer

import dev.torsion.spi.TorsionSpi
import java.util.concurrent.CopyOnWriteArraySet

/**
 * Whether Deferreds remember where they were made and fired.
 *
 * The system property `torsion.debug` decides at first: `on`, `off`, or `auto` (the default), which follows the JVM's assertions (`-ea`).
 * [setDebugging] changes it while the program runs, as Twisted's does. It costs a stack walk for each Deferred and each delayed call.
 *
 * With debugging on, [AlreadyCalledException], reports of unhandled failures and [Deferred.toString] name those places. A failure's trace
 * shows the Deferreds that waited for it. A delayed call knows the code that made it. A Deferred of a running reactor's thread refuses
 * other threads.
 *
 * Thread: any.
 */
public object DeferredDebug {
    /** The name of the system property. */
    public const val PROPERTY: String = "torsion.debug"

    // Not volatile, since every Deferred asks: another thread may see a change a little later.
    private var isOn =
        when (System.getProperty(PROPERTY, "auto")) {
            "on" -> true
            "off" -> false
            else -> DeferredDebug::class.java.desiredAssertionStatus()
        }

    /** True when places are remembered; Twisted's `getDebugging`. */
    @JvmStatic
    public val enabled: Boolean
        @JvmName("isEnabled")
        get() = isOn

    /**
     * Turns debugging on or off for Deferreds and delayed calls that are made from now on; Twisted's `setDebugging`. Older ones stay as
     * they are. A running reactor takes part from its next turn on.
     */
    @JvmStatic
    public fun setDebugging(on: Boolean) {
        isOn = on
    }
}

/**
 * A remembered call stack, for reports that say where something was made. Taking one walks the stack: do it only where
 * [DeferredDebug.enabled].
 */
// StackWalker keeps the classes, so that the caller's frame can be told from the library's own.
public class Place private constructor(private val frames: List<StackWalker.StackFrame>, private val origin: Place?) {
    /** The nearest call outside of this library: `Client.kt:42`. */
    public fun site(): String {
        val frame = frames.firstOrNull { isOfUser(it) } ?: origin?.run { return site() } ?: frames.first()
        return "${frame.fileName ?: frame.className}:${frame.lineNumber}"
    }

    /** The stack from the nearest call outside of this library on, at most [limit] calls. */
    @JvmSynthetic
    internal fun userFrames(limit: Int): List<StackTraceElement> =
        (frames + origin?.frames.orEmpty()).dropWhile { !isOfUser(it) }.take(limit).map { it.toStackTraceElement() }

    /** The whole stack, one line for each call, as in a stack trace. */
    override fun toString(): String =
        frames.joinToString("") { "\n\tat ${it.toStackTraceElement()}" } + (origin?.let { "\nhanded over:$it" } ?: "")

    /** The place that a task remembers: its own, or the one of the task that hands it over. So a chain of tasks keeps one place. */
    private fun ofTask() = if (origin == null || frames.any { isOfUser(it) }) Place(frames, null) else origin

    /** A task, and the place where it was handed over. */
    private class HandedOver(private val task: Runnable, private val from: Place) : Runnable {
        override fun run() {
            val outer = handing.get()
            handing.set(from)
            try {
                task.run()
            } finally {
                if (outer == null) handing.remove() else handing.set(outer)
            }
        }

        override fun toString() = task.toString()
    }

    public companion object {
        private val walker = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
        private val ours = CopyOnWriteArraySet<String>() // as text: a URL compares by looking its host up
        private val handing = ThreadLocal<Place>() // of the task that this thread runs

        /** Frames to keep: enough to find the user's code below the library's, and a bound for what debug mode costs. */
        private const val DEPTH = 40L

        /** Each artifact of this library has it. */
        private const val MARK = "META-INF/torsion/library"

        init {
            addLibrary(Deferred::class.java)
            Deferred::class.java.classLoader?.getResources(MARK)?.asSequence()?.forEach { ours.add(homeOfMark(it.toExternalForm())) }
        }

        /** Makes all code of the jar that [type] comes from part of the library, which [site] passes over. */
        @JvmStatic
        public fun addLibrary(type: Class<*>) {
            home(type)?.let(ours::add)
        }

        private fun home(type: Class<*>): String? = type.protectionDomain?.codeSource?.location?.toExternalForm()

        /** `jar:file:/x.jar!/META-INF...` is in `file:/x.jar`, `file:/classes/META-INF...` in `file:/classes/`. */
        private fun homeOfMark(mark: String) = mark.removeSuffix(MARK).removeSuffix("!/").removePrefix("jar:")

        /** The stack of the code that calls this. It ends at the task of [handedOver] that the code runs in. */
        @JvmStatic
        public fun here(): Place {
            val origin = handing.get()
            return Place(
                walker.walk { frames ->
                    val own = if (origin == null) frames else frames.takeWhile { it.declaringClass != HandedOver::class.java }
                    own.skip(1).limit(DEPTH).toList()
                },
                origin,
            )
        }

        /** [task], which runs for the code that calls this: places in it are told by the line that has handed it over. */
        @TorsionSpi
        @JvmStatic
        public fun handedOver(task: Runnable): Runnable = HandedOver(task, here().ofTask())

        private fun isOfUser(frame: StackWalker.StackFrame) = home(frame.declaringClass) !in ours && !isPlatform(frame.className)

        private fun isPlatform(name: String) = name.startsWith("java.") || name.startsWith("jdk.") || name.startsWith("kotlin")
    }
}

/** The knowledge of debug mode about one Deferred. */
internal class DebugInfo(val made: Place) {
    var fired: Place? = null

    /** The loop that the Deferred belongs to, if it was made in a turn of one. */
    var loop: LoopThread? = LoopThread.current()

    override fun toString(): String = "made:$made" + (fired?.let { "\nfired:$it" } ?: "")
}
