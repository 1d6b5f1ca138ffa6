// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT
package dev.torsion.defer

/**
 * Whether Deferreds remember where they were made and fired.
 *
 * The system property `torsion.debug` decides when the library is loaded: `on`, `off`, or `auto` (the default), which follows the
 * JVM's assertions (`-ea`). It costs a stack walk for each Deferred. With it on, [AlreadyCalledException], reports of unhandled
 * failures and [Deferred.toString] name those places, and a Deferred used by two threads at the same time is an
 * [IllegalStateException].
 */
public object DeferredDebug {
    /** The name of the system property. */
    public const val PROPERTY: String = "torsion.debug"

    /** True when places are remembered; it does not change while the program runs. */
    @JvmField
    public val enabled: Boolean =
        when (System.getProperty(PROPERTY, "auto")) {
            "on" -> true
            "off" -> false
            else -> DeferredDebug::class.java.desiredAssertionStatus()
        }
}

/** A remembered call stack. [StackWalker] keeps the classes, so that the caller's frame can be told from the library's own. */
internal class Place private constructor(private val frames: List<StackWalker.StackFrame>) {
    /** The nearest call outside of this library: `Client.kt:42`. */
    fun site(): String {
        val frame = frames.firstOrNull { !isOurs(it.declaringClass) && !isPlatform(it.className) } ?: frames.first()
        return "${frame.fileName ?: frame.className}:${frame.lineNumber}"
    }

    override fun toString(): String = frames.joinToString("") { "\n\tat ${it.toStackTraceElement()}" }

    companion object {
        private val walker = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
        private val home = Deferred::class.java.protectionDomain?.codeSource?.location

        fun here(): Place = Place(walker.walk { frames -> frames.skip(1).limit(DEPTH).toList() })

        /** Frames to keep: enough to find the user's code below the library's, and a bound for what debug mode costs. */
        private const val DEPTH = 40L

        private fun isOurs(type: Class<*>) = home != null && type.protectionDomain?.codeSource?.location == home

        private fun isPlatform(name: String) = name.startsWith("java.") || name.startsWith("jdk.") || name.startsWith("kotlin")
    }
}

/** What debug mode knows of one Deferred. */
internal class DebugInfo(val made: Place) {
    var fired: Place? = null
    var runner: Thread? = null

    override fun toString(): String = "made:$made" + (fired?.let { "\nfired:$it" } ?: "")
}
