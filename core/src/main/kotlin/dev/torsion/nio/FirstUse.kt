// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import java.io.IOException
import java.net.InetAddress
import java.net.StandardProtocolFamily
import java.net.StandardSocketOptions
import java.nio.ByteBuffer
import java.nio.channels.DatagramChannel
import java.nio.channels.SocketChannel
import java.security.Security

/**
 * Uses once what the JDK sets up at its first use, with file descriptors or native memory that may have run out by then. A class whose
 * set-up fails never works again: a server whose clients had taken all descriptors before the first write could never write or close.
 *
 * - To write and to close takes a pair of sockets, kept for ever (JDK 17: `sun.nio.ch.FileDispatcherImpl`).
 * - The options of a socket load a library (`jdk.net.ExtendedSocketOptions`).
 * - Whether there are UNIX sockets is asked once, by opening one (`sun.nio.ch.UnixDomainSockets`).
 * - To look a name up reads the file of the security properties, for how long answers are kept (`java.security.Security`).
 */
internal object FirstUse {
    private val socketsUsed by lazy {
        SocketChannel.open().use {
            it.setOption(StandardSocketOptions.TCP_NODELAY, true)
            it.setOption(StandardSocketOptions.SO_KEEPALIVE, true)
            it.setOption(StandardSocketOptions.SO_LINGER, 0)
        }
        // To write to a socket takes a connection; a pipe writes by the same classes.
        java.nio.channels.Pipe.open().run {
            sink().use { it.write(arrayOf(ByteBuffer.allocate(1), ByteBuffer.allocateDirect(1))) }
            source().use { it.read(ByteBuffer.allocate(2)) }
        }
        try {
            SocketChannel.open(StandardProtocolFamily.UNIX).close()
        } catch (_: UnsupportedOperationException) {
            // A system without them.
        }
        DatagramChannel.open().use { it.setOption(StandardSocketOptions.SO_BROADCAST, true) }
        InetAddress.getByName("127.0.0.1")
        Security.getProperty("networkaddress.cache.ttl")
    }

    /** On any thread; the first call costs some milliseconds. */
    @Throws(IOException::class)
    fun ofSockets(): Unit = socketsUsed.let { }
}
