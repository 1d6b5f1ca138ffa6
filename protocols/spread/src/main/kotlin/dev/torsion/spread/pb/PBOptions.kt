// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb

import dev.torsion.spread.banana.BananaLimits
import dev.torsion.spread.jelly.TypeRegistry
import java.time.Duration

/**
 * How both ends of Perspective Broker behave.
 *
 * @property types which objects may be copied from the peer, and the objects that they become here
 * @property limits of one message
 * @property maxReferences how many of our objects the peer may hold at once, and how many of them it may cache; one more fails the call or
 *   the answer that would have sent it, and the fourth time the connection is closed too, as in Twisted
 * @property maxPendingCalls how many of the peer's calls may wait for our answers at once; one more is refused with a [PBError]
 * @property maxConnections for a server: how many connections there may be at once; one more is closed at once. Unlimited unless given
 * @property handshakeTimeout how long the peer may take to agree on a dialect; then the connection is aborted
 * @property unsafeTracebacks whether the peer gets the stack traces of our exceptions, which tell about our insides; Twisted's
 *   `unsafeTracebacks`. It always gets their types and messages
 */
public data class PBOptions
@JvmOverloads
constructor(
    public val types: TypeRegistry = TypeRegistry.EMPTY,
    public val limits: BananaLimits = BananaLimits.DEFAULT,
    public val maxReferences: Int = 1024,
    public val maxPendingCalls: Int = 10_000,
    public val maxConnections: Int = Int.MAX_VALUE,
    public val handshakeTimeout: Duration = Duration.ofSeconds(30),
    public val unsafeTracebacks: Boolean = false,
) {
    init {
        require(maxReferences > 0) { "maxReferences must be positive, but is $maxReferences" }
        require(maxPendingCalls > 0) { "maxPendingCalls must be positive, but is $maxPendingCalls" }
        require(maxConnections > 0) { "maxConnections must be positive, but is $maxConnections" }
        require(handshakeTimeout > Duration.ZERO) { "handshakeTimeout must be positive, but is $handshakeTimeout" }
    }

    /** These options with other [types]. */
    public fun withTypes(types: TypeRegistry): PBOptions = copy(types = types)

    /** These options with other [limits]. */
    public fun withLimits(limits: BananaLimits): PBOptions = copy(limits = limits)

    /** These options with another [maxReferences]. */
    public fun withMaxReferences(most: Int): PBOptions = copy(maxReferences = most)

    /** These options with stack traces sent, or not. */
    public fun withUnsafeTracebacks(sent: Boolean): PBOptions = copy(unsafeTracebacks = sent)

    public companion object {
        /** All defaults. */
        @JvmField
        public val DEFAULT: PBOptions = PBOptions()
    }
}
