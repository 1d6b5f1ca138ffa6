// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.nio

import dev.torsion.clock.DelayedCall
import dev.torsion.clock.saturatedNanos
import dev.torsion.log.safeMessage
import dev.torsion.net.CannotConnectException
import dev.torsion.net.ConnectTimeoutException
import dev.torsion.net.ConnectingCancelledException
import dev.torsion.net.ConnectionRefusedException
import dev.torsion.net.UnixAddress
import dev.torsion.spi.ConnectAttempt
import dev.torsion.spi.ConnectHandler
import dev.torsion.spi.ConnectTarget
import dev.torsion.stream.EndsWithLoop
import java.io.IOException
import java.net.SocketException
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel
import java.nio.channels.spi.SelectorProvider
import java.nio.file.Path
import java.time.Duration
import java.util.concurrent.TimeUnit

/** A UNIX socket to connect to. */
internal class NioUnixTarget(private val reactor: NioEngine, val path: Path, val timeout: Duration, val checkPid: Boolean) :
    ConnectTarget {
    private val address = UnixAddress(path)

    override fun connect(handler: ConnectHandler) = NioUnixAttempt(reactor, this, handler).also { it.begin() }

    override fun toString() = address.toString()
}

/**
 * One attempt to connect to a UNIX socket. The system says at once how it goes, except for a server whose backlog is full: Linux says to
 * try again, and tells nobody when. It ends with one call of the [handler].
 */
internal class NioUnixAttempt(private val reactor: NioEngine, private val target: NioUnixTarget, private val handler: ConnectHandler) :
    ConnectAttempt,
    EndsWithLoop,
    Selectable {
    private val timer =
        reactor.callLater(target.timeout.saturatedNanos(), TimeUnit.NANOSECONDS) {
            fail(ConnectTimeoutException(target.toString(), target.timeout))
        }
    private var again: DelayedCall? = null
    private var channel: SocketChannel? = null
    private var isOver = false

    fun begin() {
        reactor.streams.add(this)
        // Never inside connect(): the caller has not got the connector yet.
        reactor.runSoon(if (reactor.isEnding) Runnable(::cancel) else Runnable(::tryToConnect))
    }

    private fun tryToConnect() {
        if (isOver) return
        try {
            if (target.checkPid && !reactor.socketFiles.isLocked(target.path)) throw IOException("no server has the lock of this socket")
            val opened = reactor.provider.openSocketChannel(StandardProtocolFamily.UNIX).also { channel = it }
            opened.configureBlocking(false)
            when {
                connects(opened) -> won(opened)
                connectsLater -> reactor.register(opened, SelectionKey.OP_CONNECT, this)
                else -> {
                    close()
                    again = reactor.callLater(BUSY_MILLIS, TimeUnit.MILLISECONDS, ::tryToConnect)
                }
            }
        } catch (e: Throwable) {
            if (isOver) throw e
            fail(failure(e))
        }
    }

    /** False when the server is busy. Newer JDKs say so, older ones throw what the system says, in English. */
    private fun connects(opened: SocketChannel): Boolean = try {
        opened.connect(UnixDomainSocketAddress.of(target.path))
    } catch (e: SocketException) {
        if ("temporarily unavailable" !in e.message.orEmpty()) throw e
        false
    }

    /**
     * Whether a connection that is not there at once comes by itself. On the platform's sockets it does not, except for those of Windows.
     */
    private val connectsLater get() = reactor.provider !== SelectorProvider.provider() || IS_WINDOWS

    override fun ready(operations: Int) {
        val connecting = channel ?: return
        try {
            if (connecting.finishConnect()) won(connecting)
        } catch (e: Throwable) {
            if (isOver) throw e
            fail(failure(e))
        }
    }

    private fun failure(e: Throwable) = if (e is java.net.ConnectException) {
        ConnectionRefusedException(target.toString(), e)
    } else {
        CannotConnectException("Connection to $target failed: ${safeMessage(e)}.", target.toString(), e)
    }

    private fun won(connected: SocketChannel) {
        val stream = NioUnixStream(reactor, connected)
        channel = null // it is the winner's from here on
        end()
        handler.connected(stream)
    }

    private fun fail(reason: CannotConnectException) {
        if (isOver) return
        end()
        handler.failed(reason)
    }

    override fun cancel() = fail(ConnectingCancelledException(target.toString()))

    override fun loopEnded() = cancel()

    override fun reactorStopped() = cancel()

    private fun end() {
        isOver = true
        reactor.streams.remove(this)
        listOfNotNull(timer, again).forEach { if (it.isActive) it.cancel() }
        close()
    }

    private fun close() {
        channel?.closeAfterFailure()
        channel = null
    }

    override fun toString() = "connecting to $target"

    private companion object {
        const val BUSY_MILLIS = 20L
        val IS_WINDOWS = System.getProperty("os.name").startsWith("Windows")
    }
}
