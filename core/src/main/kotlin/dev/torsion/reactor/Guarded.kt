// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Guarded")

package dev.torsion.reactor

import dev.torsion.log.safeText
import dev.torsion.net.Transport
import dev.torsion.spi.TorsionSpi
import dev.torsion.stream.safeLogValues
import java.util.function.Supplier

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

/**
 * Runs [block], which calls user code for [connection]. An exception is reported with [what] it was, such as "dataReceived of Echo", and
 * goes no further. Thread: the reactor's.
 */
@TorsionSpi
@JvmSynthetic
public inline fun AbstractReactor.guarded(
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

/**
 * Reports an [error] to the log and to [ReactorOptions.errorListener]. [what] says what has failed, a callback of [connection] if that is
 * given. The error is reported also when neither of the two can be described. Thread: the reactor's.
 */
@TorsionSpi
public fun AbstractReactor.reportFailure(
    error: Throwable,
    connection: Transport? = null,
    what: Supplier<String>,
) {
    val text = safeText(null, "description") { "${what.get()} failed" }
    reportError(text, error, connection?.safeLogValues() ?: emptyMap())
}
