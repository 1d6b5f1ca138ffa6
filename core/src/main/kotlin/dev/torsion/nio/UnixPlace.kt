// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.net.CannotListenException
import dev.torsion.net.UnixAddress
import dev.torsion.net.UnixPortOptions
import java.io.IOException
import java.net.BindException
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.nio.file.Path

/** A UNIX socket to listen on, with its file and its lock. */
internal class UnixPlace(private val path: Path, private val options: UnixPortOptions, private val files: SocketFiles) : ListeningPlace {
    private var isLocked = false
    private var isBound = false
    private var key: Any? = null

    override fun open(reactor: NioEngine): ServerSocketChannel {
        var channel: ServerSocketChannel? = null
        try {
            if (options.wantPid) {
                files.lock(path)
                isLocked = true
                files.removeStale(path)
            }
            val opened = reactor.provider.openServerSocketChannel(StandardProtocolFamily.UNIX).also { channel = it }
            opened.configureBlocking(false)
            opened.bind(UnixDomainSocketAddress.of(path), options.backlog)
            isBound = true
            key = files.own(path, options.mode)
            return opened
        } catch (e: Throwable) {
            leaveAfter(e)
            channel?.close()
            throw if (e is IOException || e is UnsupportedOperationException) cannotListen(e) else e
        }
    }

    private fun leaveAfter(error: Throwable) {
        try {
            leave()
        } catch (e: IOException) {
            error.addSuppressed(e)
        }
    }

    override fun leave() {
        try {
            if (isBound) files.remove(path, key)
        } finally {
            isBound = false
            if (isLocked) files.unlock(path)
            isLocked = false
        }
    }

    override fun addressOf(channel: ServerSocketChannel) = UnixAddress(path)

    override fun stream(reactor: NioEngine, accepted: SocketChannel): NioStream {
        accepted.configureBlocking(false)
        return NioUnixStream(reactor, accepted)
    }

    override val kind get() = "UnixPort"

    override fun cannotListen(cause: Throwable): CannotListenException {
        val isFileThere = cause is BindException && !options.wantPid
        return CannotListenException(UnixAddress(path).toString(), if (isFileThere) fileIsThere(cause) else cause)
    }

    private fun fileIsThere(cause: IOException) =
        IOException("${cause.message} (a server that has crashed leaves its file; one that takes the lock may remove it: wantPid)", cause)
}
