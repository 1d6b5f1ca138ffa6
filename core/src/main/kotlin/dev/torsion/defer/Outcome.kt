// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Outcomes")

package dev.torsion.defer

import dev.torsion.log.safeMessage
import dev.torsion.log.safeString
import dev.torsion.log.safeThrowable
import java.io.PrintWriter
import java.io.StringWriter

/**
 * The end of some work: a [Success] with its value, or a [Failure] with its exception.
 *
 * It is the Java and Kotlin form of Twisted's `(success, result)` pair. [DeferredList] gives a list of them, and a callback of
 * [Deferred.addBoth] takes one.
 */
public sealed interface Outcome<out T> {
    /** True for a [Success]. */
    public val isSuccess: Boolean

    /** The value of a [Success]; for a [Failure] its exception is thrown, the very same object. */
    public fun get(): T
}

/** Work that ended well, with [value]. Two are equal when their values are. */
public class Success<out T>(public val value: T) : Outcome<T> {
    override val isSuccess: Boolean get() = true

    override fun get(): T = value

    override fun equals(other: Any?): Boolean = other is Success<*> && value == other.value

    override fun hashCode(): Int = value.hashCode()

    override fun toString(): String = "Success(${safeString(value)})"
}

/**
 * Work that ended with the exception [value] (Twisted's `Failure`). Two are equal when they hold the very same exception object.
 *
 * ```kotlin
 * deferred.addErrback { failure ->
 *     failure.trap(IOException::class.java)   // anything else goes on to the next errback
 *     "fallback"
 * }
 * ```
 */
public class Failure(public val value: Throwable) : Outcome<Nothing> {
    override val isSuccess: Boolean get() = false

    /** The class of the exception. */
    public val type: Class<out Throwable> get() = value.javaClass

    /** The exception's message, or the name of its class when it has none; Twisted's `getErrorMessage`. It throws nothing. */
    public val errorMessage: String get() = safeMessage(value) ?: type.name

    /**
     * The exception's name, message and call sites, one line for each site, at most [BRIEF_SITES] of them. The same follows for each
     * waiter: coroutines that awaited it and, in debug mode, Deferreds.
     */
    public val briefTraceback: String
        get() {
            val hops = AsyncHop.of(value).flatMap { listOf("${it.message}:") + brief(it) }
            return (listOf("Traceback: ${safeString(value)}") + brief(value) + hops).joinToString("\n")
        }

    private fun brief(error: Throwable): List<String> {
        val sites = safeThrowable(error).stackTrace
        val lines = sites.take(BRIEF_SITES).map { "${it.fileName ?: it.className}:${it.lineNumber}:${it.methodName}" }
        return if (sites.size > BRIEF_SITES) lines + "(${sites.size - BRIEF_SITES} more)" else lines
    }

    /** The exception's whole stack trace, with its causes and its waiters. */
    public val traceback: String
        get() = StringWriter().also { safeThrowable(value).printStackTrace(PrintWriter(it, true)) }.toString()

    /** The first of [types] that the exception is an instance of, or null. */
    @SafeVarargs
    public fun check(vararg types: Class<out Throwable>): Class<out Throwable>? = types.firstOrNull { it.isInstance(value) }

    /** Like [check], but when none of [types] fits the exception is thrown again, so that the next errback gets it. */
    @SafeVarargs
    public fun trap(vararg types: Class<out Throwable>): Class<out Throwable> = types.firstOrNull { it.isInstance(value) } ?: raise()

    /** Throws the exception: the very same object, checked or not. */
    public fun raise(): Nothing = throw value

    override fun get(): Nothing = throw value

    override fun equals(other: Any?): Boolean = other is Failure && value === other.value

    override fun hashCode(): Int = System.identityHashCode(value)

    override fun toString(): String = "Failure(${safeString(value)})"

    public companion object {
        /** How many call sites [briefTraceback] shows. */
        public const val BRIEF_SITES: Int = 10
    }
}

/** The exception as an [E], or, when it is none, throws it again (Kotlin form of [Failure.trap]). */
public inline fun <reified E : Throwable> Failure.trap(): E = value as? E ?: raise()

/** The exception as an [E], or null when it is none (Kotlin form of [Failure.check]). */
public inline fun <reified E : Throwable> Failure.check(): E? = value as? E
