// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit.hooks

import dev.torsion.defer.DeferredCancelledException
import dev.torsion.loop.ReactorNotRunningException
import dev.torsion.net.ClosedBy
import dev.torsion.net.ConnectionDone
import dev.torsion.net.ProtocolViolationException
import java.io.IOException
import java.io.PrintStream
import java.io.PrintWriter
import java.util.concurrent.CancellationException

/** The exceptions of a user's code. */
internal class Kind(
    val name: String,
    /** Its `getCause` throws. kotlinx.coroutines asks for it when assertions are on, and cannot go on. */
    val hidesItsCause: Boolean = false,
    private val make: () -> Throwable,
) {
    /** A new one; when even that throws, what it throws. */
    fun new(): Throwable = try {
        make()
    } catch (e: Throwable) {
        e
    }

    companion object {
        val ALL =
            listOf(
                Kind("a RuntimeException") { IllegalStateException("on purpose") },
                Kind("a checked exception") { IOException("on purpose") },
                Kind("a CancellationException") { CancellationException("on purpose") },
                Kind("a cancelled Deferred's exception") { DeferredCancelledException() },
                Kind("an InterruptedException") { InterruptedException() },
                Kind("an end of a connection") { ConnectionDone(ClosedBy.PEER) },
                Kind("a protocol violation") { ProtocolViolationException("on purpose") },
                Kind("a reactor that does not run") { ReactorNotRunningException() },
                Kind("an OutOfMemoryError") { OutOfMemoryError("on purpose") },
                Kind("a StackOverflowError") { StackOverflowError() },
                Kind("a NoClassDefFoundError") { NoClassDefFoundError("on/purpose") },
                Kind("an ExceptionInInitializerError") { ExceptionInInitializerError(IllegalStateException("on purpose")) },
                Kind("an AssertionError") { AssertionError("on purpose") },
                Kind("the end of a thread") { EndOfThread() },
                Kind("an exception without a description", hidesItsCause = true) { Indescribable() },
                Kind("an exception without a text") { WithoutText() },
                Kind("an error without a description") { IndescribableError() },
                Kind("one that is caused by such") { RuntimeException("on purpose", Indescribable()) },
                Kind("one that suppresses such") { RuntimeException("on purpose").apply { addSuppressed(Indescribable()) } },
                Kind("one without a stack trace") { WithoutTrace() },
                Kind("one that cannot be made") { NeverMade() },
                Kind("one whose causes have no end") { Endless() },
            )
    }
}

/** As `ThreadDeath`, which is going to be removed. */
private class EndOfThread : Error()

/** It throws at every call. */
private class Indescribable : Exception() {
    override val message: String get() = throw IllegalStateException("no message")
    override val cause: Throwable get() = throw IllegalStateException("no cause")

    override fun getLocalizedMessage(): String = throw IllegalStateException("no message")

    override fun getStackTrace(): Array<StackTraceElement> = throw IllegalStateException("no trace")

    override fun printStackTrace(out: PrintStream): Unit = throw IllegalStateException("not printed")

    override fun printStackTrace(out: PrintWriter): Unit = throw IllegalStateException("not printed")

    override fun toString(): String = throw IllegalStateException("no text")

    override fun hashCode(): Int = throw IllegalStateException("no hash code")

    override fun equals(other: Any?): Boolean = throw IllegalStateException("equal to nothing")
}

private class WithoutText : Exception() {
    override val message: String get() = throw IllegalStateException("no message")

    override fun toString(): String = throw IllegalStateException("no text")
}

private class IndescribableError : Error() {
    override val message: String get() = throw NoClassDefFoundError("Message")

    override fun toString(): String = throw StackOverflowError()
}

private class WithoutTrace : RuntimeException("on purpose", null, false, false)

private class NeverMade : RuntimeException() {
    override fun fillInStackTrace(): Throwable = throw IllegalStateException("not made")
}

private class Endless : RuntimeException("on purpose") {
    override val cause: Throwable get() = Endless()
}
