// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.HttpViolationException

/** Answers on the way to the last one, such as 103 (RFC 9110 15.2). A server could send them without end, so there is a limit. */
internal object Interims {
    private const val MOST = 32

    /** Refuses one more when it is number [count] and that is too many. */
    fun check(count: Int) {
        if (count > MOST) throw HttpViolationException("There are too many answers on the way to the last.", 502, "RFC 9110 15.2")
    }
}
