// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.LogKeys

/** The values that the log has of a connection: its two ends. */
internal fun Transport.logValues(): Map<String, Any?> = mapOf(LogKeys.HOST to host().toString(), LogKeys.PEER to peer().toString())

/** [logValues], also of a transport that cannot say. */
internal fun Transport.safeLogValues(): Map<String, Any?> = try {
    logValues()
} catch (_: Throwable) {
    emptyMap()
}
