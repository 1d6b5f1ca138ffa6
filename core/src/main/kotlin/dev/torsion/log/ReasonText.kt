// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.log

/** [error] in one line: its message, and its cause if that says something new; escaped and cut, since a peer may have a part in it. */
internal fun reasonOf(error: Throwable): String {
    val message = safeMessage(error) ?: safeString(error)
    val cause =
        try {
            error.cause
        } catch (_: Throwable) {
            null // the message has to do
        }
    val isTold = cause == null || safeMessage(cause)?.let { it in message } == true
    return escaped(if (isTold) message else "$message (${safeString(cause)})", LONGEST_REASON)
}

private const val LONGEST_REASON = 500
