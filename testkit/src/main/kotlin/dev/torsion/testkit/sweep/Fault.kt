// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.sweep

import java.io.IOException
import java.net.ConnectException
import java.util.concurrent.CancellationException
import java.util.concurrent.RejectedExecutionException

/** A fault at a point of a program. */
internal sealed interface Fault {
    /** As it is written in the name of a run. */
    val word: String
}

/** The call throws. */
internal enum class Thrown(override val word: String, val make: () -> Throwable) : Fault {
    RUNTIME("throw", { InjectedException() }),
    CANCELLATION("throw CancellationException", { CancellationException(MARK) }),
    UNSPEAKABLE("throw unspeakable", { UnspeakableException() }),
    OUT_OF_MEMORY("throw OutOfMemoryError", { OutOfMemoryError(MARK) }),
    STACK_OVERFLOW("throw StackOverflowError", { StackOverflowError(MARK) }),
    LINKAGE("throw NoClassDefFoundError", { NoClassDefFoundError(MARK) }),
    DESCRIPTORS("Too many open files", { IOException("Too many open files ($MARK)") }),
    RESET("Connection reset", { IOException("Connection reset ($MARK)") }),
    REFUSED("Connection refused", { ConnectException("Connection refused ($MARK)") }),
    REJECTED("no thread", { RejectedExecutionException(MARK) }),
    ;

    companion object {
        val OF_USERS = listOf(RUNTIME, CANCELLATION, UNSPEAKABLE, OUT_OF_MEMORY, STACK_OVERFLOW, LINKAGE)

        /** The errors that the system call [name] may throw. */
        fun ofSystem(name: String): List<Thrown> = when (name) {
            "open", "open server", "open datagrams", "accept", "connect" -> listOf(DESCRIPTORS, OUT_OF_MEMORY)
            "finishConnect" -> listOf(REFUSED, DESCRIPTORS, STACK_OVERFLOW)
            "receive" -> listOf(OUT_OF_MEMORY, STACK_OVERFLOW)
            "read", "write", "send", "join", "setOption", "shutdownOutput" -> listOf(RESET, OUT_OF_MEMORY)
            "bind", "select", "close selector" -> listOf(DESCRIPTORS, OUT_OF_MEMORY)
            "close", "close server", "close datagrams" -> listOf(RESET, STACK_OVERFLOW)
            "resolve" -> OF_USERS
            "start thread" -> listOf(REJECTED, OUT_OF_MEMORY)
            "register" -> listOf(OUT_OF_MEMORY, RUNTIME)
            "nanoTime" -> listOf(STACK_OVERFLOW)
            else -> listOf(RUNTIME)
        }
    }
}

/** Something is done to the whole program while the call runs. */
internal enum class Act(override val word: String) : Fault {
    STOP("stop"),
    CRASH("crash"),
    INTERRUPT("interrupt"),
}

/** Something is done to one of the things that are under way. */
internal data class Hit(val how: How, val target: String) : Fault {
    override val word get() = "${how.word} $target"

    enum class How(val word: String) {
        CANCEL("cancel"),
        CLOSE("close"),
        ABORT("abort"),
        HALF_CLOSE("half-close"),
        RESET("reset"),
    }
}

internal const val MARK = "injected by the sweep"

/** The exception that a sweep throws in a program. */
internal class InjectedException : RuntimeException(MARK)

/** One that nobody can describe. */
internal class UnspeakableException : RuntimeException() {
    override val message: String get() = throw IllegalStateException("a message cannot be had of this")

    override fun toString(): String = throw IllegalStateException("this cannot be described")
}
