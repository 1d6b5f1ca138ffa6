// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("ConnectionLog")

package dev.torsion.stream

import dev.torsion.log.LogKeys
import dev.torsion.log.Logger
import dev.torsion.log.reasonOf
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.Transport
import dev.torsion.net.safeLogValues
import dev.torsion.spi.TorsionSpi
import org.slf4j.event.Level

private val log = Logger(Transport::class.java)

/** Logs, at level `DEBUG`, that [connection] has ended with [reason]. An orderly end is not worth a line. */
@TorsionSpi
public fun StreamLoop.logEnd(connection: Transport, reason: CloseReason) {
    if (reason is ConnectionDone || !log.isEnabled(Level.DEBUG)) return
    log.with(LogKeys.REACTOR, name)
        .with(connection.safeLogValues())
        .debug("The connection with {peer} has ended: {reason}", LogKeys.REASON to whole(reason))
}

/** With what has broken behind it: of a connection that was to end for a reason of ours, and broke before its end. */
private fun whole(reason: CloseReason) = (listOf<Throwable>(reason) + reason.suppressed).joinToString("; ") { reasonOf(it) }
