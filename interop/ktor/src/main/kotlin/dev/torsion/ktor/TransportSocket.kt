// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.defer.await
import dev.torsion.net.CloseReason
import dev.torsion.net.ConnectionDone
import dev.torsion.net.HalfCloseableTransport
import dev.torsion.net.StreamOptions
import dev.torsion.reactor.Reactor
import dev.torsion.stream.ConnectionScope
import io.ktor.network.sockets.Socket
import io.ktor.network.sockets.SocketAddress
import io.ktor.utils.io.ByteChannel
import io.ktor.utils.io.ReaderJob
import io.ktor.utils.io.WriterJob
import io.ktor.utils.io.attachJob
import io.ktor.utils.io.readAvailable
import io.ktor.utils.io.reader
import io.ktor.utils.io.writeBuffer
import io.ktor.utils.io.writer
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.Job
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.io.Buffer
import kotlinx.io.IOException
import kotlinx.io.transferFrom
import java.nio.ByteBuffer
import kotlin.coroutines.CoroutineContext

/**
 * A connection of the reactor as ktor's [Socket]: two coroutines on its thread move the bytes between transport and channels.
 *
 * They have a scope of their own: when both sides have ended their streams in an orderly way, the connection is over before its last
 * bytes may have been read.
 */
internal class TransportSocket(private val reactor: Reactor, private val transport: HalfCloseableTransport) : Socket {
    override val localAddress: SocketAddress = transport.host().toKtor() // first: an address may be refused
    override val remoteAddress: SocketAddress = transport.peer().toKtor()
    private val connectionScope = ConnectionScope(reactor.scope) { transport.abortConnection(it) }
    private val scope = connectionScope.scope
    private val incoming = Buffer()
    private val arrived = Bell(reactor)
    private var hasInputEnded = false
    private var reading: WriterJob? = null
    private var writing: ReaderJob? = null
    private var isClosing = false

    override val socketContext: CompletableJob = Job()
    override val coroutineContext: CoroutineContext = scope.coroutineContext

    fun received(data: ByteBuffer) {
        if (isClosing) return
        incoming.transferFrom(data)
        if (incoming.size >= MOST_INCOMING) transport.pauseProducing()
        arrived.ring()
    }

    fun inputEnded() {
        hasInputEnded = true
        arrived.ring()
    }

    fun ended(reason: CloseReason) {
        if (reason is ConnectionDone) socketContext.complete() else socketContext.completeExceptionally(reason)
        if (reason is ConnectionDone && !isClosing) return inputEnded()
        isClosing = true
        incoming.clear()
        connectionScope.end(reason)
    }

    /** Runs [handler], and closes this socket behind it. */
    fun handle(handler: KtorHandler) {
        scope.launch {
            try {
                handler.handle(this@TransportSocket)
            } catch (e: CancellationException) {
                // Not ours, but of something that the handler waited for: as any error of it, though no coroutine fails of it.
                if (isActive) transport.abortConnection(e)
                throw e
            }
            close()
        }
    }

    override fun attachForReading(channel: ByteChannel): WriterJob {
        reactor.checkThread("attachForReading")
        checkOpen(channel)
        check(reading == null) { "the read channel of $this has been opened before" }
        return scope
            .writer(channel = channel) { pumpInput(channel) }
            .also {
                reading = it
                channel.attachJob(it)
            }
    }

    private suspend fun pumpInput(channel: ByteChannel) {
        while (true) {
            while (incoming.exhausted() && !hasInputEnded) arrived.await()
            if (incoming.exhausted()) return
            channel.writeBuffer(incoming, incoming.size)
            channel.flush()
            transport.resumeProducing()
        }
    }

    override fun attachForWriting(channel: ByteChannel): ReaderJob {
        reactor.checkThread("attachForWriting")
        checkOpen(channel)
        check(writing == null) { "the write channel of $this has been opened before" }
        return scope
            .reader(coroutineContext, channel) { pumpOutput(channel) }
            .also {
                writing = it
                channel.attachJob(it)
            }
    }

    private suspend fun pumpOutput(channel: ByteChannel) {
        while (channel.awaitContent()) {
            channel.readAvailable { data: ByteBuffer -> data.remaining().also { transport.write(data) } }
            transport.whenWritable().await()
        }
        transport.loseWriteConnection()
    }

    private fun checkOpen(channel: ByteChannel) {
        if (!isClosing) return
        throw IOException("$this is closed").also(channel::cancel)
    }

    /** Sends what the write channel holds, then closes the connection; gives up when the peer takes too long. On any thread. */
    override fun close() {
        scope.launch {
            if (isClosing) return@launch
            isClosing = true
            reading?.job?.cancel()
            withTimeoutOrNull(StreamOptions.DEFAULT.closeTimeout.toMillis()) {
                writing?.let {
                    it.channel.flushAndClose()
                    it.job.join()
                }
                transport.loseConnection()
            } ?: transport.abortConnection()
            if (!socketContext.isActive) connectionScope.end(null)
        }
    }

    override fun toString(): String = "TransportSocket($transport)"

    private companion object {
        const val MOST_INCOMING = 64L * 1024
    }
}
