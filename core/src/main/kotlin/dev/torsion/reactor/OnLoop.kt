// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.reactor

import dev.torsion.loop.ReactorNotRunningException

/**
 * Ends something of this reactor: now, when this is its thread, otherwise soon. When the reactor has stopped, everything of it has ended.
 */
internal fun Reactor.onLoop(end: Runnable) {
    if (isInReactorThread) return end.run()
    try {
        callFromThread(end)
    } catch (_: ReactorNotRunningException) {
        // It has ended with the reactor.
    }
}
