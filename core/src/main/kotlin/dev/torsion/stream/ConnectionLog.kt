// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("ConnectionLog")

package dev.torsion.stream

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.Transport
import dev.torsion.spi.TorsionSpi
import org.slf4j.event.Level

private val log = Logger(Transport::class.java)

/** What the log says of a connection: who its ends are. */
internal fun Transport.logValues(): Map<String, Any?> = mapOf(LogKeys.HOST to host().toString(), LogKeys.PEER to peer().toString())

/** [logValues], also of a transport that cannot say. */
internal fun Transport.safeLogValues(): Map<String, Any?> =
    try {
        logValues()
    } catch (_: Throwable) {
        emptyMap()
    }

/** Logs, at level `DEBUG`, that [connection] has ended with [reason]. An orderly end is not worth a line. */
@TorsionSpi
public fun StreamLoop.logEnd(
    connection: Transport,
    reason: CloseReason,
) {
    if (reason is ConnectionDone || !log.isEnabled(Level.DEBUG)) return
    log.with(LogKeys.REACTOR, loopName)
        .with(connection.safeLogValues())
        .debug("The connection with {peer} has ended: {reason}", LogKeys.REASON to reason.message)
}
