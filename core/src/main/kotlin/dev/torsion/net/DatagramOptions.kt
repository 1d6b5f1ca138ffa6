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
 * @property sendQueueLimit how many bytes may wait for the operating system to take them, each datagram counted with 64 more; 256 KiB. A
 *   datagram that is written above it is dropped
 * @property datagramsPerTurn how many datagrams are received in a row before others get their turn; 64, and 256 KiB in any case
 * @property reuseAddress whether other ports may have the same address, also those of other programs; false. For groups; Twisted's
 *   `listenMultiple`. Mind that another program can take datagrams away with it
 * @property broadcast see [DatagramTransport.isBroadcastAllowed]; false
 * @property receiveBufferSize how many bytes the operating system should keep until we receive them; 0 for its own choice. It may give less
 * @property sendBufferSize the same for those that we send
 */
public class DatagramOptions private constructor(
    public val maxPacketSize: Int,
    public val sendQueueLimit: Long,
    public val datagramsPerTurn: Int,
    public val reuseAddress: Boolean,
    public val broadcast: Boolean,
    public val receiveBufferSize: Int,
    public val sendBufferSize: Int,
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

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        maxPacketSize: Int = this.maxPacketSize,
        sendQueueLimit: Long = this.sendQueueLimit,
        datagramsPerTurn: Int = this.datagramsPerTurn,
        reuseAddress: Boolean = this.reuseAddress,
        broadcast: Boolean = this.broadcast,
        receiveBufferSize: Int = this.receiveBufferSize,
        sendBufferSize: Int = this.sendBufferSize,
    ): DatagramOptions =
        DatagramOptions(maxPacketSize, sendQueueLimit, datagramsPerTurn, reuseAddress, broadcast, receiveBufferSize, sendBufferSize)

    private fun values() =
        listOf<Any?>(maxPacketSize, sendQueueLimit, datagramsPerTurn, reuseAddress, broadcast, receiveBufferSize, sendBufferSize)

    override fun equals(other: Any?): Boolean = other is DatagramOptions && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String = "DatagramOptions(maxPacketSize=$maxPacketSize, sendQueueLimit=$sendQueueLimit, " +
        "datagramsPerTurn=$datagramsPerTurn, reuseAddress=$reuseAddress, broadcast=$broadcast, " +
        "receiveBufferSize=$receiveBufferSize, sendBufferSize=$sendBufferSize)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: DatagramOptions) {
        private var maxPacketSize: Int = options.maxPacketSize
        private var sendQueueLimit: Long = options.sendQueueLimit
        private var datagramsPerTurn: Int = options.datagramsPerTurn
        private var reuseAddress: Boolean = options.reuseAddress
        private var broadcast: Boolean = options.broadcast
        private var receiveBufferSize: Int = options.receiveBufferSize
        private var sendBufferSize: Int = options.sendBufferSize

        /** See [DatagramOptions.maxPacketSize]. */
        public fun maxPacketSize(value: Int): Builder = apply { maxPacketSize = value }

        /** See [DatagramOptions.sendQueueLimit]. */
        public fun sendQueueLimit(value: Long): Builder = apply { sendQueueLimit = value }

        /** See [DatagramOptions.datagramsPerTurn]. */
        public fun datagramsPerTurn(value: Int): Builder = apply { datagramsPerTurn = value }

        /** See [DatagramOptions.reuseAddress]. */
        public fun reuseAddress(value: Boolean): Builder = apply { reuseAddress = value }

        /** See [DatagramOptions.broadcast]. */
        public fun broadcast(value: Boolean): Builder = apply { broadcast = value }

        /** See [DatagramOptions.receiveBufferSize]. */
        public fun receiveBufferSize(value: Int): Builder = apply { receiveBufferSize = value }

        /** See [DatagramOptions.sendBufferSize]. */
        public fun sendBufferSize(value: Int): Builder = apply { sendBufferSize = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): DatagramOptions =
            DatagramOptions(maxPacketSize, sendQueueLimit, datagramsPerTurn, reuseAddress, broadcast, receiveBufferSize, sendBufferSize)
    }

    public companion object {
        private const val LARGEST_PACKET = 65_535

        /** All defaults. */
        @JvmField
        public val DEFAULT: DatagramOptions = DatagramOptions()

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            maxPacketSize: Int = LARGEST_PACKET,
            sendQueueLimit: Long = 256L * 1024,
            datagramsPerTurn: Int = 64,
            reuseAddress: Boolean = false,
            broadcast: Boolean = false,
            receiveBufferSize: Int = 0,
            sendBufferSize: Int = 0,
        ): DatagramOptions =
            DatagramOptions(maxPacketSize, sendQueueLimit, datagramsPerTurn, reuseAddress, broadcast, receiveBufferSize, sendBufferSize)

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
