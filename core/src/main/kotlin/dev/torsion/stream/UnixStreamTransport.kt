// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.stream

import dev.torsion.net.CloseReason
import dev.torsion.net.StreamOptions
import dev.torsion.net.UnixTransport
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.UnixChannel
import java.util.function.Consumer

/** The parts of a connection over a UNIX socket beyond a byte stream: paths, and who the peer is. */
internal class UnixStreamTransport(
    loop: StreamLoop,
    private val socket: UnixChannel,
    through: StreamChannel,
    options: StreamOptions,
    lost: Consumer<CloseReason>?,
) : StreamTransport(loop, through, options, lost),
    UnixTransport {
    override fun host() = socket.localAddress

    override fun peer() = socket.remoteAddress

    override fun peerCredentials() = socket.peerCredentials

    override val kind get() = "UnixTransport"
}
