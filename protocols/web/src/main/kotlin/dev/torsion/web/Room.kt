// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import dev.torsion.clock.Clock
import dev.torsion.clock.DeferredTimeoutException
import dev.torsion.clock.addTimeout
import dev.torsion.defer.Deferred
import dev.torsion.defer.fail
import dev.torsion.defer.succeed
import dev.torsion.net.Protocol
import java.time.Duration

/**
 * Fires when the transport of [protocol] has room for more. A peer that takes nothing within [timeout] is cut off; one that takes a little has
 * as much time again.
 */
internal fun roomFor(protocol: Protocol, clock: Clock, timeout: Duration): Deferred<Unit> {
    val transport = protocol.transport
    if (transport.isWritable) return succeed(Unit)
    val before = transport.bufferedBytes
    return transport.whenWritable().addTimeout(timeout, clock).addAsyncErrback { failure ->
        when {
            failure.value !is DeferredTimeoutException -> fail(failure.value)
            transport.bufferedBytes < before -> roomFor(protocol, clock, timeout)
            else -> fail(tookNothing(timeout).also(transport::abortConnection))
        }
    }
}

internal fun tookNothing(timeout: Duration) = HttpTimeoutException("The peer took nothing of what was written", timeout)
