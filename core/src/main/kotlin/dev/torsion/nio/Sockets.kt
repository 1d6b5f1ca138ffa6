// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.KeepAlive
import dev.torsion.net.TcpOptions
import jdk.net.ExtendedSocketOptions
import java.io.IOException
import java.net.StandardSocketOptions
import java.nio.channels.SocketChannel
import java.time.Duration

/** Makes a new connection's channel fit for the loop. */
internal fun SocketChannel.prepare(options: TcpOptions) {
    configureBlocking(false)
    if (options.tcpNoDelay) setOption(StandardSocketOptions.TCP_NODELAY, true)
    if (options.tcpKeepAlive) setOption(StandardSocketOptions.SO_KEEPALIVE, true)
    options.keepAlive?.let(::probe)
}

private fun SocketChannel.probe(times: KeepAlive) {
    val known = supportedOptions() // which systems without them do not list
    if (ExtendedSocketOptions.TCP_KEEPIDLE in known) setOption(ExtendedSocketOptions.TCP_KEEPIDLE, seconds(times.idle))
    if (ExtendedSocketOptions.TCP_KEEPINTERVAL in known) setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, seconds(times.interval))
    if (ExtendedSocketOptions.TCP_KEEPCOUNT in known) setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, times.probes)
}

private fun seconds(time: Duration): Int = time.seconds.coerceIn(1, MOST_SECONDS).toInt()

private const val MOST_SECONDS = 32_767L // of Linux

/** Closes what is of no use any more; that it cannot be closed either says nothing new. */
internal fun SocketChannel.closeAfterFailure() {
    try {
        close()
    } catch (_: IOException) {
        // It is gone all the same.
    }
}
