// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

/**
 * Limits and socket options of a UDP port. Immutable; the defaults are safe for a public server.
 *
 * ```java
 * var options = DatagramOptions.builder().maxPacketSize(1500).broadcast(true).build();
 * ```
 *
 * @property maxPacketSize the longest datagram that is received whole, in bytes. A longer one goes to [DatagramProtocol.datagramTruncated]. The
 *   default, 65535, lets every datagram through (Twisted: 8192, and the rest is cut off)
 * @property sendQueueLimit how many bytes may wait for the operating system to take them, each datagram counted with 64 more; 256 KiB. What
 *   is written above it is dropped
 * @property datagramsPerTurn how many datagrams are received in a row before others get their turn; 64, and 256 KiB in any case
 * @property reuseAddress whether other ports may have the same address, also those of other programs; false. For groups; Twisted's
 *   `listenMultiple`. Mind that another program can take datagrams away with it
 * @property broadcast see [DatagramTransport.isBroadcastAllowed]; false
 * @property receiveBufferSize how many bytes the operating system should keep until we receive them; 0 for its own choice. It may give less
 * @property sendBufferSize the same for those that we send
 */
public data class DatagramOptions
@JvmOverloads
constructor(
    public val maxPacketSize: Int = LARGEST_PACKET,
    public val sendQueueLimit: Long = 256L * 1024,
    public val datagramsPerTurn: Int = 64,
    public val reuseAddress: Boolean = false,
    public val broadcast: Boolean = false,
    public val receiveBufferSize: Int = 0,
    public val sendBufferSize: Int = 0,
) {
    init {
        require(maxPacketSize in 1..LARGEST_PACKET) { "maxPacketSize must be from 1 to $LARGEST_PACKET, but is $maxPacketSize" }
        require(sendQueueLimit >= 0) { "sendQueueLimit must not be negative, but is $sendQueueLimit" }
        require(datagramsPerTurn > 0) { "datagramsPerTurn must be positive, but is $datagramsPerTurn" }
        require(receiveBufferSize >= 0) { "receiveBufferSize must not be negative, but is $receiveBufferSize" }
        require(sendBufferSize >= 0) { "sendBufferSize must not be negative, but is $sendBufferSize" }
    }

    /** These options with another [maxPacketSize]. */
    public fun withMaxPacketSize(bytes: Int): DatagramOptions = copy(maxPacketSize = bytes)

    /** These options with another [sendQueueLimit]. */
    public fun withSendQueueLimit(bytes: Long): DatagramOptions = copy(sendQueueLimit = bytes)

    /** These options with another [datagramsPerTurn]. */
    public fun withDatagramsPerTurn(count: Int): DatagramOptions = copy(datagramsPerTurn = count)

    /** These options with another [reuseAddress]. */
    public fun withReuseAddress(isOn: Boolean): DatagramOptions = copy(reuseAddress = isOn)

    /** These options with another [broadcast]. */
    public fun withBroadcast(isOn: Boolean): DatagramOptions = copy(broadcast = isOn)

    /** These options with another [receiveBufferSize] and [sendBufferSize]. */
    public fun withBufferSizes(receive: Int, send: Int): DatagramOptions = copy(receiveBufferSize = receive, sendBufferSize = send)

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(private var options: DatagramOptions) {
        /** See [DatagramOptions.maxPacketSize]. */
        public fun maxPacketSize(bytes: Int): Builder = with { withMaxPacketSize(bytes) }

        /** See [DatagramOptions.sendQueueLimit]. */
        public fun sendQueueLimit(bytes: Long): Builder = with { withSendQueueLimit(bytes) }

        /** See [DatagramOptions.datagramsPerTurn]. */
        public fun datagramsPerTurn(count: Int): Builder = with { withDatagramsPerTurn(count) }

        /** See [DatagramOptions.reuseAddress]. */
        public fun reuseAddress(isOn: Boolean): Builder = with { withReuseAddress(isOn) }

        /** See [DatagramOptions.broadcast]. */
        public fun broadcast(isOn: Boolean): Builder = with { withBroadcast(isOn) }

        /** See [DatagramOptions.receiveBufferSize]. */
        public fun receiveBufferSize(bytes: Int): Builder = with { withBufferSizes(bytes, sendBufferSize) }

        /** See [DatagramOptions.sendBufferSize]. */
        public fun sendBufferSize(bytes: Int): Builder = with { withBufferSizes(receiveBufferSize, bytes) }

        /** The options. */
        public fun build(): DatagramOptions = options

        private inline fun with(change: DatagramOptions.() -> DatagramOptions): Builder {
            options = options.change()
            return this
        }
    }

    public companion object {
        private const val LARGEST_PACKET = 65_535

        /** All defaults. */
        @JvmField
        public val DEFAULT: DatagramOptions = DatagramOptions()

        /** A builder that has the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
