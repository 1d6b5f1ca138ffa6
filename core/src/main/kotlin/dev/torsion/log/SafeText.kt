// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("SafeText")

package dev.torsion.log

/**
 * [value] as text, whatever its `toString` does: when that throws, the text names the class and what was thrown. Twisted's `safe_str`.
 *
 * Describing must never stop what it describes: use this for objects that a user's code or a library has made, wherever an error is
 * reported.
 *
 * ```kotlin
 * log.error("{protocol} failed", "protocol" to safeString(protocol))
 * ```
 *
 * Thread: any. It throws nothing.
 */
public fun safeString(value: Any?): String =
    try {
        value.toString()
    } catch (e: Throwable) {
        "<${nameOf(value)} whose toString throws ${nameOf(e)}>"
    }

/** The message of [error], or a text that says what its `getMessage` has thrown; null when it has none. Thread: any. It throws nothing. */
public fun safeMessage(error: Throwable): String? =
    try {
        error.message
    } catch (e: Throwable) {
        "<${nameOf(error)} whose getMessage throws ${nameOf(e)}>"
    }

private fun nameOf(value: Any?): String = if (value == null) "null" else value.javaClass.name
