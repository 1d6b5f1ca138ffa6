// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import dev.torsion.log.safeText
import dev.torsion.log.simpleName
import java.nio.ByteBuffer

/**
 * The program's side of a UDP port; Twisted's `DatagramProtocol`. There are no connections, so one object serves all who send to the port.
 *
 * ```kotlin
 * class Echo : DatagramProtocol() {
 *     override fun datagramReceived(data: ByteArray, sender: InternetAddress) = transport.write(data, sender)
 * }
 * reactor.listenUdp(8007, Echo())
 * ```
 *
 * Thread: all methods are called on the reactor's thread, and must not block. An exception of a method is reported, and the port lives on.
 * Anybody can send a datagram, so it must not end the service for all others. An exception of [startProtocol] keeps the port closed.
 */
public abstract class DatagramProtocol {
    private var currentTransport: DatagramTransport? = null

    /**
     * The port, from [startProtocol] on; it stays readable after [stopProtocol].
     *
     * @throws IllegalStateException before that
     */
    public val transport: DatagramTransport
        @JvmName("transport")
        get() = currentTransport ?: error("${simpleName(javaClass, "DatagramProtocol")} has no transport before its port is open")

    /** True from [startProtocol] until [stopProtocol] is called. */
    public var isListening: Boolean = false
        private set

    /** Whether the log has the opening and closing of its port (at level info). */
    public var isNoisy: Boolean = true

    /** Binds this protocol to [transport] and calls [startProtocol]. For transports and tests; users override [startProtocol]. */
    public open fun makeConnection(transport: DatagramTransport) {
        check(!isListening) { "${safeLogPrefix()} is on a port already: each port needs a protocol of its own" }
        currentTransport = transport
        isListening = true
        try {
            startProtocol()
        } catch (e: Throwable) {
            isListening = false
            throw e
        }
    }

    /** Calls [stopProtocol], once for each [makeConnection] that has not thrown. For transports and tests. */
    public open fun endConnection() {
        if (!isListening) return
        isListening = false
        stopProtocol()
    }

    /** The port is open: [transport] can write and be connected. No datagram has been received yet. An exception closes the port. */
    protected open fun startProtocol() {}

    /** The port is closed. Datagrams that are written here are ignored. No further method is called, unless the port is opened again. */
    protected open fun stopProtocol() {}

    /** A datagram arrived from [sender], whole; it may be empty. The array is yours. */
    public open fun datagramReceived(data: ByteArray, sender: InternetAddress) {}

    /**
     * The same without a copy: a read-only view of the reactor's own buffer, **valid only during this call**. It may be written back as it
     * is. The default copies the bytes and calls the other [datagramReceived].
     */
    public open fun datagramReceived(view: ByteBuffer, sender: InternetAddress) {
        val data = ByteArray(view.remaining())
        view.get(data)
        datagramReceived(data, sender)
    }

    /**
     * A datagram of more than [DatagramOptions.maxPacketSize] bytes arrived from [sender], and the rest is lost. [view] is its beginning, valid
     * only during this call. The default drops it; [DatagramTransport.truncatedDatagrams] counts it. (Twisted gives the beginning to
     * `datagramReceived`, like a whole one.)
     */
    public open fun datagramTruncated(view: ByteBuffer, sender: InternetAddress) {}

    /**
     * Nobody listens at the address to which this port is [connected][DatagramTransport.connect]. It may come once for several datagrams. The
     * port stays open. One that is not connected never hears of it.
     */
    public open fun connectionRefused() {}

    /** The name of this protocol in the log and in messages to error listeners: the name of its class, unless overridden. */
    public open fun logPrefix(): String = simpleName(javaClass, "DatagramProtocol")

    /** [logPrefix], also of a protocol in which that throws. */
    @JvmSynthetic
    internal fun safeLogPrefix(): String = safeText(this, "logPrefix") { logPrefix() }

    override fun toString(): String = "${safeLogPrefix()}(${currentTransport ?: "no port"})"
}

/**
 * A [DatagramProtocol] for a port that is connected, where all datagrams come from one address; Twisted's class of this name. Connect it in
 * [startProtocol], or by `reactor.connectUdp`, which takes names of hosts too.
 *
 * Thread: the reactor's.
 */
public abstract class ConnectedDatagramProtocol : DatagramProtocol() {
    final override fun datagramReceived(data: ByteArray, sender: InternetAddress): Unit = datagramReceived(data)

    final override fun datagramReceived(view: ByteBuffer, sender: InternetAddress): Unit = datagramReceived(view)

    /** A datagram arrived; it may be empty. The array is yours. */
    public open fun datagramReceived(data: ByteArray) {}

    /** The same without a copy; see [DatagramProtocol.datagramReceived]. */
    public open fun datagramReceived(view: ByteBuffer) {
        val data = ByteArray(view.remaining())
        view.get(data)
        datagramReceived(data)
    }
}
