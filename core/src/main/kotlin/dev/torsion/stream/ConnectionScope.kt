// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.CloseReason
import dev.torsion.reactor.ReactorScope
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancel

/**
 * The coroutines of one connection, for implementations of [dev.torsion.net.Transport.scope]: children of the reactor's [parent] scope.
 * One that fails calls [failed].
 */
public class ConnectionScope(
    parent: CoroutineScope,
    failed: (Throwable) -> Unit,
) {
    /** The scope. */
    public val scope: CoroutineScope = ReactorScope(parent, CoroutineExceptionHandler { _, e -> failed(e) })

    /** The connection is gone: cancels all coroutines. */
    public fun end(reason: CloseReason?) {
        scope.cancel(CancellationException("the connection of this coroutine is gone", reason))
    }
}
