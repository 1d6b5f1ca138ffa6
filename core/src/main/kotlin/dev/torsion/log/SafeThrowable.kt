// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("SafeText")
@file:JvmMultifileClass

package dev.torsion.log

import java.util.Collections
import java.util.IdentityHashMap

/**
 * Stands for an exception that must not be shown as it is: its `getMessage`, `toString`, `getCause` or `getStackTrace` throws, its causes
 * have no end, or its message has bytes of a peer in it. It has the stack trace of that exception, and as many of its causes and suppressed
 * exceptions as can be told.
 *
 * A log and the stages of a future get it in place of an exception at which they would fail ([safeThrowable]). The error of a protocol has
 * it as its cause ([escapedThrowable]).
 *
 * @property original the exception itself
 */
public class StandInException internal constructor(public val original: Throwable, message: String, cause: Throwable?) :
    RuntimeException(message, cause) {
    override fun fillInStackTrace(): Throwable = this // it has the trace of the original

    private companion object {
        const val serialVersionUID = 1L
    }
}

/**
 * [error] itself, or, when it cannot be described, a [StandInException] in its place. Use it before you give an exception of other code to
 * something that prints it.
 *
 * Thread: any. It throws nothing.
 */
public fun safeThrowable(error: Throwable): Throwable = try {
    if (isShowable(error) { true }) error else standIn(error)
} catch (e: Throwable) { // there is no memory for it, or no stack
    StandInException(error, failedText(error, "description", e), null)
}

/**
 * [error] itself, or, when a message of it or of its causes is long or not printable as it is, a [StandInException] with those messages
 * [escaped]. Use it for the cause of an error in a peer's bytes: many parsers quote them.
 *
 * Thread: any. It throws nothing.
 */
public fun escapedThrowable(error: Throwable): Throwable = try {
    if (isShowable(error, ::isPlain)) error else StandIns { escaped(it) }.of(error)
} catch (e: Throwable) {
    StandInException(error, failedText(error, "description", e), null)
}

/** [safeThrowable] for a future, whose stages ask for the `toString` and no more. */
internal fun safeForStages(error: Throwable): Throwable = try {
    error.toString()
    error
} catch (_: Throwable) {
    safeThrowable(error)
}

/** A stand-in for [error], of which is known that it cannot be printed. */
internal fun standIn(error: Throwable): Throwable = StandIns { it }.of(error)

/** The `toString` of [error] without the name of its class. It may be long. */
private fun withoutName(error: Throwable) = error.toString().removePrefix(error.javaClass.name).removePrefix(": ")

private fun isPlain(text: String) = escaped(text) == text

private fun newIdentitySet(): MutableSet<Throwable> = Collections.newSetFromMap(IdentityHashMap())

/** Asks [error], its causes and what they suppress for all that a printed trace shows, and whether each text [isFit]. */
private inline fun isShowable(error: Throwable, isFit: (String) -> Boolean): Boolean {
    val seen = newIdentitySet()
    val left = ArrayDeque(listOf(error))
    try {
        while (left.isNotEmpty()) {
            val next = left.removeLast()
            if (!seen.add(next)) continue
            if (seen.size > MOST || next.stackTrace.any { it == null }) return false
            if (!isFit(next.message ?: "") || !isFit(next.localizedMessage ?: "") || !isFit(withoutName(next))) return false
            next.cause?.let(left::addLast)
            left.addAll(next.suppressed)
        }
    } catch (_: Throwable) {
        return false
    }
    return true
}

/** Makes stand-ins, with messages that are [edited]. */
private class StandIns(private val edited: (String) -> String) {
    private val seen = newIdentitySet()

    fun of(error: Throwable): StandInException {
        val isKnown = !seen.add(error) || seen.size > MOST_STAND_INS
        val cause = if (isKnown) null else attempt { error.cause }?.let(::of)
        val made = StandInException(error, describe(error), cause)
        if (isKnown) return made
        attempt { error.stackTrace }?.let { trace -> attempt { made.stackTrace = trace } }
        error.suppressed.forEach { made.addSuppressed(of(it)) }
        return made
    }

    private fun describe(error: Throwable) = error.javaClass.name + (safeMessage(error)?.let { ": ${edited(it)}" } ?: "")
}

private inline fun <T> attempt(call: () -> T): T? = try {
    call()
} catch (_: Throwable) {
    null
}

/** A chain of more exceptions than this has no end. */
private const val MOST = 1000

/** More of them say nothing new, and a trace has to end. */
private const val MOST_STAND_INS = 50
