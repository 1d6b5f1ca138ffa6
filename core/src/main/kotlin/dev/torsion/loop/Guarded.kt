// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("Guarded")

package dev.torsion.loop

import dev.torsion.log.safeText
import dev.torsion.net.Transport
import dev.torsion.net.safeLogValues
import dev.torsion.spi.TorsionSpi
import java.util.function.Supplier

/** Runs [block]; its exception is reported, with [what] it was, and goes no further. */
internal inline fun ErrorReporter.guarded(crossinline what: () -> String, block: () -> Unit) {
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
public inline fun ErrorReporter.guarded(connection: Transport, crossinline what: () -> String, block: () -> Unit) {
    try {
        block()
    } catch (e: Throwable) {
        reportFailure(e, connection) { what() }
    }
}

/**
 * Reports an [error] to the log and to the [ErrorListener]. [what] says what has failed, a callback of [connection] if that is
 * given. The error is reported also when neither of the two can be described. Thread: the reactor's.
 */
@TorsionSpi
public fun ErrorReporter.reportFailure(error: Throwable, connection: Transport? = null, what: Supplier<String>) {
    val text = safeText(null, "description") { "${what.get()} failed" }
    reportError(text, error, connection?.safeLogValues() ?: emptyMap())
}
