// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.net.Transport

/** Runs [block]; what it throws is reported, with [what] it was, and goes no further. */
internal inline fun AbstractReactor.guarded(
    what: () -> String,
    block: () -> Unit,
) {
    try {
        block()
    } catch (e: Throwable) {
        reportError("${what()} failed", e)
    }
}

/** [guarded], for a callback of [connection]. */
internal inline fun AbstractReactor.guarded(
    connection: Transport,
    what: () -> String,
    block: () -> Unit,
) {
    try {
        block()
    } catch (e: Throwable) {
        reportError("${what()} failed", e, connection.logValues())
    }
}
