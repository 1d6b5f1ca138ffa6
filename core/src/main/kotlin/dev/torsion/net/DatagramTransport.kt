// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.defer.Deferred
import java.nio.ByteBuffer

/**
 * An open UDP port, for a [DatagramProtocol] to write to; Twisted's `IUDPTransport`.
 *
 * Thread: everything except [toString] belongs to the reactor's thread. Another thread gets a [WrongThreadException]. No method blocks.
 *
 * **Writing.** A datagram is given to the operating system at once. One that it does not take now waits in a queue, and so do those behind it.
 * Above [DatagramOptions.sendQueueLimit] a datagram is dropped, and [droppedDatagrams] counts it: so may the network do with any. On a
 * port that is closed, writing does nothing.
 *
 * **Addresses** are numeric. To look a name up takes time, so that `write` and [connect] refuse names with an [InvalidAddressException]: see
 * `reactor.resolve` and `reactor.connectUdp`.
 */
public interface DatagramTransport {
    /** The local address, with the real port number where 0 was asked for; Twisted's `getHost`. */
    public fun host(): InternetAddress

    /** The address that the port is connected to; null when it is not connected. */
    public fun peer(): InternetAddress?

    /**
     * From now on the port sends to [remote] and hears from it only. It hears of refusals too: [DatagramProtocol.connectionRefused]. No
     * datagram is sent by this.
     *
     * @throws InvalidAddressException when [remote] is a name, has port 0, or is of a family that this port cannot send to
     * @throws IllegalStateException when the port is connected already, or closed
     * @throws java.io.IOException when there is no way to the address
     */
    public fun connect(remote: InternetAddress)

    /** The same for a numeric [host], as in Twisted. */
    public fun connect(host: String, port: Int)

    /**
     * Sends the remaining bytes of [data] to [address] as one datagram. The buffer is read to its end before the call returns, and is the
     * caller's again.
     *
     * @throws InvalidAddressException when [address] is a name, has port 0, is of a family that this port cannot send to, or is not the one to
     *   which the port is connected
     * @throws DatagramTooLongException when it is longer than a datagram can be, or than the way to the address allows
     * @throws java.io.IOException when the operating system refuses it, since there is no way to the address, or it is not allowed
     */
    public fun write(data: ByteBuffer, address: InternetAddress)

    /** The same for all of [data]. The array is read before the call returns. */
    public fun write(data: ByteArray, address: InternetAddress)

    /**
     * Sends [data] to where the port is connected.
     *
     * @throws IllegalStateException when it is not [connected][connect]
     */
    public fun write(data: ByteBuffer)

    /** The same for all of [data]. */
    public fun write(data: ByteArray)

    /** Sends all of [data], the pieces in order, as one datagram to [address]. */
    public fun writeSequence(data: Iterable<ByteArray>, address: InternetAddress): Unit = write(joined(data), address)

    /** Whether datagrams may go to broadcast addresses, which are refused otherwise. Twisted's `setBroadcastAllowed`. */
    public var isBroadcastAllowed: Boolean

    /**
     * Groups: joining, leaving, and how datagrams are sent to them.
     *
     * @throws UnsupportedOperationException when this transport knows no groups
     */
    public fun multicast(): MulticastTransport = throw UnsupportedOperationException("$this has no multicast")

    /** How many bytes wait because the operating system has not taken them yet. */
    public val bufferedBytes: Long

    /**
     * Fires when no datagram waits: at once, or when the operating system has taken them. It fails with a [PortClosedException] when the port
     * is closed first. Cancelling it only ends the waiting.
     */
    public fun whenWritable(): Deferred<Unit>

    /** How many datagrams of ours were dropped here, since the queue was full or the operating system had no room. */
    public val droppedDatagrams: Long

    /** How many datagrams came that were longer than [DatagramOptions.maxPacketSize]. */
    public val truncatedDatagrams: Long

    /**
     * Closes the port. Datagrams that wait in the queue are tried once more. No datagram is received from now on, not even in the batch that
     * is being handled. [DatagramProtocol.stopProtocol] follows when the running callbacks have returned; then the Deferred fires. It fails with
     * what that method throws. Calling it again gives a Deferred that fires as well.
     */
    public fun stopListening(): Deferred<Unit>
}

private fun joined(pieces: Iterable<ByteArray>): ByteArray {
    val all = ByteArray(pieces.sumOf { it.size })
    pieces.fold(0) { at, piece -> piece.copyInto(all, at).let { at + piece.size } }
    return all
}
