// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("SafeText")
@file:JvmMultifileClass

package dev.torsion.log

/**
 * [value] as text. Its `toString` may do anything. When that throws, the text names the class and the exception. Twisted's `safe_str`.
 *
 * A description must never stop the thing that it describes. Use this in reports of errors, for objects of a user's code or of a library. A
 * text of more than 10,000 characters is cut, and says so.
 *
 * ```kotlin
 * log.error("{protocol} failed", "protocol" to safeString(protocol))
 * ```
 *
 * Thread: any. It throws nothing.
 */
public fun safeString(value: Any?): String = safeText(value, "toString") { value.toString() }

/**
 * The message of [error]; null when it has none. When its `getMessage` throws, a text says so. Long messages are cut as by [safeString].
 *
 * Thread: any. It throws nothing.
 */
public fun safeMessage(error: Throwable): String? = try {
    error.message?.let(::bounded)
} catch (e: Throwable) {
    failedText(error, "getMessage", e)
}

/** The result of [text], which asks [value] for its [method]; cut when it is long. Throws nothing. */
internal inline fun safeText(value: Any?, method: String, text: () -> String?): String = try {
    bounded(text())
} catch (e: Throwable) { // an error too: of a list that holds itself, of a class that cannot be loaded
    failedText(value, method, e)
}

internal fun bounded(text: String?): String = when {
    text == null -> "null" // a toString in Java may give that
    text.length <= LONGEST -> text
    else -> "${text.substring(0, LONGEST)}... (${text.length} characters)"
}

internal fun failedText(value: Any?, method: String, error: Throwable): String = try {
    "<${nameOf(value)} whose $method throws ${nameOf(error)}>"
} catch (_: Throwable) { // there is no memory for it, or no stack
    "<an object whose $method throws>"
}

private fun nameOf(value: Any?): String = if (value == null) "null" else value.javaClass.name

/** The name of [type] without its package, or [anonymous]; some compilers make classes whose `getSimpleName` throws. */
internal fun simpleName(type: Class<*>, anonymous: String): String = try {
    type.simpleName.ifEmpty { anonymous }
} catch (_: Throwable) {
    type.name.substringAfterLast('.')
}

private const val LONGEST = 10_000
