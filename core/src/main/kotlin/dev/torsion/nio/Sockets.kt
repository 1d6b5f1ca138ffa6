// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.TcpOptions
import java.io.IOException
import java.net.StandardSocketOptions
import java.nio.channels.SocketChannel

/** Makes a new connection's channel fit for the loop. */
internal fun SocketChannel.prepare(options: TcpOptions) {
    configureBlocking(false)
    if (options.tcpNoDelay) setOption(StandardSocketOptions.TCP_NODELAY, true)
    if (options.tcpKeepAlive) setOption(StandardSocketOptions.SO_KEEPALIVE, true)
}

/** Closes what is of no use any more; that it cannot be closed either says nothing new. */
internal fun SocketChannel.closeAfterFailure() {
    try {
        close()
    } catch (_: IOException) {
        // It is gone all the same.
    }
}
