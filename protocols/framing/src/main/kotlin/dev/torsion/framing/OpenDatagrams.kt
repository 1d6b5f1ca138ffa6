// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

@file:JvmName("DatagramPorts")

package dev.torsion.framing

import dev.torsion.defer.Deferred
import dev.torsion.endpoint.DatagramEndpoint
import dev.torsion.endpoint.datagramFromString
import dev.torsion.net.DatagramOptions
import dev.torsion.reactor.Reactor
import dev.torsion.reactor.connectUdp
import dev.torsion.spi.TorsionSpi

private const val INBOX_LIMIT = 256

/**
 * Opens a UDP port for messages at [endpoint], such as `udp:8007:interface=127.0.0.1`.
 *
 * ```kotlin
 * val port = reactor.openDatagrams("udp:0", RawCodec().text()).await()
 * port.send("hello", IPv4Address("192.0.2.1", 8007))
 * println(port.receive().message)
 * ```
 *
 * The Deferred fails with a [CannotListenException][dev.torsion.net.CannotListenException] when the port is taken or not allowed. A port
 * that nobody was handed is closed. Thread: the reactor's.
 *
 * @param inboxLimit how many messages may wait until they are received; 256
 * @throws dev.torsion.endpoint.EndpointSyntaxException when the string is not understood
 */
@JvmOverloads
public fun <T : Any> Reactor.openDatagrams(endpoint: String, codec: Codec<T>, inboxLimit: Int = INBOX_LIMIT): Deferred<MessagePort<T>> =
    openDatagrams(datagramFromString(this, endpoint), codec, inboxLimit)

/** The same for an endpoint that is no string, such as a [UdpEndpoint][dev.torsion.endpoint.UdpEndpoint] with options. */
@JvmOverloads
public fun <T : Any> Reactor.openDatagrams(
    endpoint: DatagramEndpoint,
    codec: Codec<T>,
    inboxLimit: Int = INBOX_LIMIT,
): Deferred<MessagePort<T>> {
    val datagrams = CodecDatagrams(this, codec, inboxLimit)
    return endpoint.listen(datagrams).giving(this, datagrams)
}

/**
 * Opens a UDP port for messages that is connected to [port] of [host], whose name is looked up; see [connectUdp]. It hears when nobody
 * listens there.
 *
 * @param inboxLimit how many messages may wait until they are received; 256
 */
@JvmOverloads
public fun <T : Any> Reactor.connectDatagrams(
    host: String,
    port: Int,
    codec: Codec<T>,
    options: DatagramOptions = DatagramOptions.DEFAULT,
    inboxLimit: Int = INBOX_LIMIT,
): Deferred<MessagePort<T>> {
    val datagrams = CodecDatagrams(this, codec, inboxLimit)
    return connectUdp(host, port, datagrams, options).giving(this, datagrams)
}

@OptIn(TorsionSpi::class)
private fun <T : Any> Deferred<*>.giving(reactor: Reactor, datagrams: CodecDatagrams<T>): Deferred<MessagePort<T>> =
    addCallback<MessagePort<T>> { datagrams }.onUndelivered { unwanted ->
        if (reactor.isInReactorThread) unwanted.close() else reactor.runSoon { unwanted.close() }
    }
