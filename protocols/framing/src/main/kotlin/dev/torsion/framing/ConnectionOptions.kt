// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import java.time.Duration

/**
 * Limits of the connections of a server or client. Immutable.
 *
 * @property inboundLimit how many messages may wait to be received, before the transport is paused. 16 unless given
 * @property requestLimit how many requests may wait for their answers at once; 1024 unless given
 * @property idleTimeout the time without a message in either direction after which a connection is aborted with an [IdleTimeoutException];
 *   null, the default, for never. Time in which output goes out does not count. Neither does time in which a message waits to be received,
 *   or in which a handler is busy with it. Stalled output is noticed a quarter of the time later at most
 * @property maxConnections for a server: how many connections there may be at once. One more is closed at once. Unlimited unless given
 */
public data class ConnectionOptions
@JvmOverloads
constructor(
    public val inboundLimit: Int = 16,
    public val requestLimit: Int = 1024,
    public val idleTimeout: Duration? = null,
    public val maxConnections: Int = Int.MAX_VALUE,
) {
    init {
        require(inboundLimit > 0) { "inboundLimit must be positive, but is $inboundLimit" }
        require(requestLimit > 0) { "requestLimit must be positive, but is $requestLimit" }
        require(idleTimeout == null || idleTimeout > Duration.ZERO) { "idleTimeout must be positive, but is $idleTimeout" }
        require(maxConnections > 0) { "maxConnections must be positive, but is $maxConnections" }
    }

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: ConnectionOptions = ConnectionOptions()
    }
}
