// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.ktor

import dev.torsion.defer.park
import dev.torsion.log.safeMessage
import dev.torsion.spi.StreamChannel
import dev.torsion.spi.StreamHandler
import dev.torsion.stream.ConnectionScope
import dev.torsion.stream.EndsWithLoop
import dev.torsion.stream.StreamLoop
import io.ktor.network.sockets.Connection
import io.ktor.utils.io.readAvailable
import io.ktor.utils.io.writeBuffer
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import kotlinx.io.Buffer
import kotlinx.io.transferFrom
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext

/**
 * The two channels of a ktor connection as one [StreamChannel]. Two coroutines on the loop's thread move the bytes; bytes that were taken
 * wait in a queue of at most [ROOM] bytes.
 */
internal class KtorChannel(private val loop: StreamLoop, connection: Connection) :
    StreamChannel,
    EndsWithLoop {
    private val socket = connection.socket
    private val input = connection.input
    private val output = connection.output
    override val localAddress = socket.localAddress.toTorsion()
    private lateinit var handler: StreamHandler
    override val remoteAddress = socket.remoteAddress.toTorsion()
    private val pumps = ConnectionScope(loop.scope, ::broken)

    /** Always another turn: a writer that fills a channel of ktor on the loop must not find itself in a callback of this connection. */
    private val inTurns =
        object : CoroutineDispatcher() {
            override fun dispatch(context: CoroutineContext, block: Runnable) = loop.dispatcher.dispatch(context, block)
        }

    private var isReading = true
    private val readable = Bell(loop)
    private val queue = Buffer()
    private var inFlight = 0L
    private var isAskedForRoom = false
    private var isToAsk = false // in a task that waits for its turn
    private var isOutputEndWanted = false
    private var isFinishing = false
    private val writable = Bell(loop)
    private var isOver = false

    // The pumps begin in a later turn, when the protocol has its connection.
    override fun start(handler: StreamHandler) {
        this.handler = handler
        loop.streams.add(this)
        loop.runSoon {
            pumps.scope.launch(inTurns) { pumpInput() }
            pumps.scope.launch(inTurns) { pumpOutput() }
        }
    }

    override fun loopEnding() {
        if (!isOver) handler.loopEnding()
    }

    override fun handOver(handler: StreamHandler) {
        this.handler = handler
    }

    override fun loopEnded() {
        if (!isOver) handler.loopEnded()
    }

    private val isClosing get() = isOver || isFinishing

    // Reading.

    override fun reading(on: Boolean) {
        isReading = on
        if (on) readable.ring()
    }

    private suspend fun pumpInput() {
        try {
            while (input.awaitContent()) {
                repeat(READS_PER_TURN) {
                    while (!isReading) readable.await()
                    input.readAvailable(::deliver)
                }
                yield()
            }
            while (!isReading) readable.await()
        } catch (e: Exception) {
            coroutineContext.ensureActive()
            return broken(e)
        }
        if (isClosing) return
        isReading = false
        handler.inputEnded()
        loop.streams.batchEnded()
    }

    /** Hands out what [data] has, as far as it is wanted; how many bytes that was. */
    private fun deliver(data: ByteBuffer): Int {
        val most = if (isClosing) 0 else handler.receiveLimit()
        if (most <= 0 || !isReading || isOver) return 0
        val count = minOf(data.remaining(), most)
        handler.received(data.slice(data.position(), count).asReadOnlyBuffer())
        loop.streams.batchEnded()
        return count
    }

    // Writing.

    private val room get() = ROOM - queue.size - inFlight

    override fun send(data: ByteBuffer): Int {
        val count = minOf(room, data.remaining().toLong()).toInt()
        if (count <= 0 || isOver) return 0
        val end = data.limit()
        data.limit(data.position() + count)
        queue.transferFrom(data)
        data.limit(end)
        writable.ring()
        return count
    }

    override fun notifyWhenWritable(on: Boolean) {
        isAskedForRoom = on
        askIfRoom()
    }

    private fun askIfRoom() {
        if (isToAsk || !isAskedForRoom || isClosing || room == 0L) return
        isToAsk =
            loop.runSoon {
                isToAsk = false
                if (isAskedForRoom && !isClosing) handler.outputReady()
                loop.streams.batchEnded()
                askIfRoom() // in the next turn
            }
    }

    private suspend fun pumpOutput() {
        try {
            while (true) {
                while (queue.exhausted()) {
                    if (isFinishing) return finishing()
                    if (isOutputEndWanted) output.flushAndClose()
                    isOutputEndWanted = false
                    if (!isFinishing) writable.await()
                }
                inFlight = minOf(queue.size, if (isFinishing) LAST_PIECE else PIECE)
                output.writeBuffer(queue, inFlight)
                inFlight = 0
                output.flush()
                if (isFinishing) handler.outputMoved() else askIfRoom()
                yield()
            }
        } catch (e: Exception) {
            coroutineContext.ensureActive()
            if (isFinishing) finished(e) else broken(e)
        }
    }

    private fun broken(error: Throwable) {
        if (isClosing) return // it is we who close the channels
        handler.broken(if (error is Exception && error !is IOException) IOException(safeMessage(error), error) else error)
        loop.streams.batchEnded()
    }

    // Ending.

    override fun endOutput() {
        isOutputEndWanted = true
        writable.ring()
    }

    override fun finish(): Boolean {
        isFinishing = true
        writable.ring()
        return false
    }

    /** Lets ktor send what its channel holds and close the socket. */
    private suspend fun finishing() {
        output.flushAndClose()
        socket.close()
        finished(park<Throwable?>(cancelled = {}) { ended -> socket.socketContext.invokeOnCompletion { ended.resume(it) } })
    }

    private fun finished(cause: Throwable?) {
        if (isOver) return
        isOver = true
        loop.streams.remove(this)
        if (cause == null) pumps.end(null) else drop(cause)
        handler.finished(cause)
        loop.streams.batchEnded()
    }

    override fun close() {
        isOver = true
        loop.streams.remove(this)
        drop(null)
    }

    // ktor cannot reset a connection.
    override fun abort(): Unit = close()

    private fun drop(cause: Throwable?) {
        val reason = cause as? CancellationException ?: CancellationException("the connection is closed", cause)
        queue.clear()
        pumps.end(null)
        socket.close()
        input.cancel(reason)
        output.cancel(reason)
        // ktor would go on sending for as long as the peer does not read.
        socket.socketContext.cancel(reason)
    }

    override fun toString(): String = "KtorChannel($localAddress <-> $remoteAddress)"

    private companion object {
        const val ROOM = 64L * 1024
        const val PIECE = 64L * 1024
        const val LAST_PIECE = 8L * 1024 // each tells that the peer still reads
        const val READS_PER_TURN = 8 // of at most one of ktor's segments, 8 KiB, each
    }
}
