// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.net.DatagramTransport
import dev.torsion.net.InternetAddress
import kotlinx.coroutines.flow.Flow
import java.util.function.Consumer

/**
 * A UDP port that carries messages, one in each datagram: the suspend voice of datagrams.
 *
 * ```kotlin
 * val port = reactor.openDatagrams("udp:8007", RawCodec().text()).await()
 * port.incoming.collect { (text, sender) -> port.send(text.uppercase(), sender) }
 * ```
 *
 * **Thread.** It lives on the reactor's thread. Another thread gets a [WrongThreadException][dev.torsion.net.WrongThreadException].
 *
 * **Receiving.** Messages that nobody has taken wait in an inbox of a limited size. A message that comes when it is full is lost, as in the
 * network, and [droppedMessages] counts it. A datagram that the codec does not understand ends nothing, since anybody can send one:
 * [malformedDatagrams] counts it, and it is logged at level debug.
 *
 * **The end.** [close], and the end of the reactor. After it nothing more is received, not even messages that wait. A coroutine that waits
 * gets a [PortClosedException][dev.torsion.net.PortClosedException].
 */
public interface MessagePort<T : Any> {
    /** The local address. */
    public fun host(): InternetAddress

    /** The address that it is connected to, or null. */
    public fun peer(): InternetAddress?

    /** True until it is closed. */
    public val isOpen: Boolean

    /** The transport below: groups, socket options, counters. */
    public val transport: DatagramTransport

    /**
     * Waits for the next message. Several coroutines may wait: they take turns.
     *
     * Cancelling it while it waits loses no message: a message is either returned here or stays for the next call.
     *
     * @throws dev.torsion.net.ConnectionRefusedException when the port is connected, and nobody listens there. The port lives on
     * @throws dev.torsion.net.PortClosedException when the port is closed
     * @throws IllegalStateException when messages go to [onDatagram], or 1024 calls wait already
     */
    public suspend fun receive(): Datagram<T>

    /** [receive] for callbacks and for Java. Cancelling the Deferred loses no message. */
    public fun receiveDeferred(): Deferred<Datagram<T>>

    /**
     * The messages, as a flow. It has no end of its own, and goes on after a refusal. When the port is closed, it fails with a
     * [PortClosedException][dev.torsion.net.PortClosedException]. Several collectors share the messages.
     */
    public val incoming: Flow<Datagram<T>>

    /**
     * Gives every message to [handler] from now on, also those that wait. Its exception is reported, and the next message comes all the
     * same.
     *
     * @throws IllegalStateException when there is a handler already, or a call of [receive] waits
     */
    public fun onDatagram(handler: Consumer<Datagram<T>>)

    /**
     * Sends [message] to [address], and waits while the operating system takes no more datagrams. It returns when the message has left us,
     * not when anybody has it. Cancelling it while it waits does not take the message back.
     *
     * @throws EncodeException when the codec cannot carry it
     * @throws dev.torsion.net.DatagramTooLongException when it is longer than a datagram can be
     * @throws dev.torsion.net.InvalidAddressException when [address] is a name; see [DatagramTransport.write]
     * @throws dev.torsion.net.PortClosedException when the port is closed
     */
    public suspend fun send(message: T, address: InternetAddress)

    /**
     * The same to where the port is connected.
     *
     * @throws IllegalStateException when it is not connected
     */
    public suspend fun send(message: T)

    /** Sends [message] without waiting, for callbacks; see [DatagramTransport.write]. On a port that is closed it does nothing. */
    public fun write(message: T, address: InternetAddress)

    /** The same to where the port is connected. */
    public fun write(message: T)

    /** How many messages came when the inbox was full. On any thread. */
    public val droppedMessages: Long

    /** How many datagrams the codec did not understand. On any thread. */
    public val malformedDatagrams: Long

    /** Closes the port. The Deferred fires when it is free again. Calling it again gives a Deferred that fires as well. */
    public fun close(): Deferred<Unit>
}
