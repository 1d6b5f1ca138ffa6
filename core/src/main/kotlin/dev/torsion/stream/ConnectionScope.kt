// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.CloseReason
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.job

/**
 * The coroutines of one connection, for implementations of [dev.torsion.net.Transport.scope]: children of the reactor's [parent] scope.
 * One that fails calls [failed].
 */
public class ConnectionScope(parent: CoroutineScope, failed: (Throwable) -> Unit) {
    /** The scope. */
    public val scope: CoroutineScope = CoroutineScope(
        parent.coroutineContext + SupervisorJob(parent.coroutineContext.job) + CoroutineExceptionHandler { _, e -> failed(e) },
    )

    /** The connection is gone: cancels all coroutines. */
    public fun end(reason: CloseReason?) {
        scope.cancel(CancellationException("the connection of this coroutine is gone", reason))
    }
}
