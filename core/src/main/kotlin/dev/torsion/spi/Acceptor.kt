// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spi

import dev.torsion.defer.Deferred
import dev.torsion.defer.succeed
import dev.torsion.net.DrainReport
import java.time.Duration

/**
 * Gets the connections of a port: it stands below the factory, so what shares, limits or counts connections wraps no factory, and an
 * endpoint that wraps one hides nothing.
 *
 * Thread: the port's loop's.
 */
@TorsionSpi
public interface Acceptor {
    /** The name of the acceptor in the log. */
    public val logName: String

    /** Whether the opening and closing of its ports is logged, at level info. */
    public val isNoisy: Boolean get() = true

    /** The port is bound, and about to accept. An exception keeps the port closed, and goes to the caller that has asked for it. */
    public fun opened() {}

    /**
     * A connection has come. [channel] has not been started; from now on it is the acceptor's, which starts or closes it, on this loop or
     * on another one that has [adopted][Network.adopt] it. Throws nothing.
     */
    public fun accepted(channel: StreamChannel)

    /**
     * Ends the connections that were accepted: those that have not sent everything after [timeout] are reset. The port is closed by now.
     * Fires when none is left. The default knows of no connections.
     */
    public fun drain(timeout: Duration): Deferred<DrainReport> = succeed(DrainReport.NONE)

    /** The port accepts no more. Called once for each [opened] that has not thrown. An exception goes to the caller that has closed the port. */
    public fun closed() {}
}
