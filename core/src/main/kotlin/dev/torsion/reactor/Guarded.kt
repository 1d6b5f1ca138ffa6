// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.log.safeText
import dev.torsion.net.Transport

/** Runs [block]; what it throws is reported, with [what] it was, and goes no further. */
internal inline fun AbstractReactor.guarded(
    crossinline what: () -> String,
    block: () -> Unit,
) {
    try {
        block()
    } catch (e: Throwable) {
        reportFailure(e) { what() }
    }
}

/** [guarded], for a callback of [connection]. */
internal inline fun AbstractReactor.guarded(
    connection: Transport,
    crossinline what: () -> String,
    block: () -> Unit,
) {
    try {
        block()
    } catch (e: Throwable) {
        reportFailure(e, connection) { what() }
    }
}

/** Reports [error] of [what] it was, a callback of [connection] if that is given; describing them cannot keep it from being reported. */
internal fun AbstractReactor.reportFailure(
    error: Throwable,
    connection: Transport? = null,
    what: () -> String,
) {
    val text = safeText(null, "description") { "${what()} failed" }
    reportError(text, error, connection?.safeLogValues() ?: emptyMap())
}
