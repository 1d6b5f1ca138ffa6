// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.net.Transport
import dev.torsion.spi.HandlerHost
import dev.torsion.spi.TorsionSpi
import kotlinx.coroutines.CoroutineExceptionHandler

/**
 * A handler of this connection has failed: that is reported and the connection aborted, as for a coroutine of its scope. A coroutine that
 * throws would not do: its exception says nothing to anybody when it is a cancellation, as of a future that the handler has waited for.
 */
@OptIn(TorsionSpi::class)
internal fun Transport.failed(error: Throwable) {
    if (this is HandlerHost) return handlerFailed("the message handler", error)
    val context = scope.coroutineContext
    context[CoroutineExceptionHandler]?.handleException(context, error)
    abortConnection(error) // again, which does nothing, or for the first time where the scope has no handler
}
