// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.loop

/** Where a loop is in its life; see [dev.torsion.reactor.Reactor.state]. Which may follow which is said where the life cycle is. */
public enum class LoopState(
    /** There are turns to run. */
    public val isLooping: Boolean,
    /** Something new may be opened that lives on: not when the loop is ending, and not while nobody runs it again after a crash. */
    public val takesConnections: Boolean,
) {
    /** It has never run. */
    NEW(isLooping = false, takesConnections = true),

    /** It runs its first turns; the startup triggers are not done. */
    STARTING(isLooping = true, takesConnections = true),

    /** It runs. */
    RUNNING(isLooping = true, takesConnections = true),

    /** It was told to stop; the before-triggers of its shutdown are not done. */
    STOPPING(isLooping = true, takesConnections = true),

    /** Its ports and connections are closed. It waits for threads that are still at work for it. */
    ENDING(isLooping = true, takesConnections = false),

    /** It was [crashed][dev.torsion.reactor.Reactor.crash]: it does not run, and may be run again. */
    CRASHED(isLooping = false, takesConnections = false),

    /** It has ended for good. */
    ENDED(isLooping = false, takesConnections = false),
    ;

    /** Whether its connections are ended, and nothing is opened any more. */
    public val isEnding: Boolean get() = this == ENDING || this == ENDED
}
