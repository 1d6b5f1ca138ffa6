// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.PeerCredentials
import dev.torsion.net.UnixAddress
import dev.torsion.spi.UnixChannel
import jdk.net.ExtendedSocketOptions
import java.io.IOException
import java.nio.channels.SocketChannel

/** A connection over a UNIX socket. */
internal class NioUnixStream(reactor: NioEngine, channel: SocketChannel) :
    NioStream(reactor, channel),
    UnixChannel {
    override val localAddress = UnixAddress.of(channel.localAddress)
    override val remoteAddress = UnixAddress.of(channel.remoteAddress)

    override val peerCredentials: PeerCredentials?
        get() = try {
            if (ExtendedSocketOptions.SO_PEERCRED !in channel.supportedOptions()) {
                null
            } else {
                channel.getOption(ExtendedSocketOptions.SO_PEERCRED)?.let { PeerCredentials(it.user(), it.group()) }
            }
        } catch (_: IOException) {
            null // the connection is gone
        }

    override fun resetOnClose() = Unit
}
