// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers

import dev.torsion.benchmarks.OrderJson
import dev.torsion.benchmarks.Wire
import io.ktor.network.selector.SelectorManager
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.Socket
import io.ktor.network.sockets.aSocket
import io.ktor.network.sockets.openReadChannel
import io.ktor.network.sockets.openWriteChannel
import io.ktor.utils.io.ByteReadChannel
import io.ktor.utils.io.ByteWriteChannel
import io.ktor.utils.io.availableForRead
import io.ktor.utils.io.readAvailable
import io.ktor.utils.io.readByteArray
import io.ktor.utils.io.readInt
import io.ktor.utils.io.readLine
import io.ktor.utils.io.writeByteArray
import io.ktor.utils.io.writeFully
import io.ktor.utils.io.writeInt
import io.ktor.utils.io.writeStringUtf8
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** ktor-network as its documents show it; answers are flushed when no more questions have come. */
internal class KtorServer : BenchServer {
    private val scope = CoroutineScope(Dispatchers.IO + SupervisorJob())

    override fun start(wire: Wire): Int = runBlocking {
        val listener = aSocket(SelectorManager(Dispatchers.IO)).tcp().bind("0.0.0.0", 0) { backlogSize = 1024 }
        scope.launch { while (true) listener.accept().let { scope.launch { it.use { handle(it, wire) } } } }
        (listener.localAddress as InetSocketAddress).port
    }

    private suspend fun handle(socket: Socket, wire: Wire) {
        val input = socket.openReadChannel()
        val output = socket.openWriteChannel()
        when (wire) {
            Wire.RAW -> echo(input, output)
            Wire.LINE -> lines(input, output)
            Wire.INT32 -> strings(input, output)
            Wire.DATAGRAM, Wire.TLS, Wire.HTTP -> throw IllegalArgumentException("there is no server of ktor for $wire")
            Wire.JSON -> orders(input, output)
        }
    }

    private suspend fun echo(input: ByteReadChannel, output: ByteWriteChannel) {
        val buffer = ByteArray(16 * 1024)
        while (true) {
            val count = input.readAvailable(buffer, 0, buffer.size)
            if (count < 0) return
            output.writeFully(buffer, 0, count)
            output.flush()
        }
    }

    private suspend fun lines(input: ByteReadChannel, output: ByteWriteChannel) {
        while (true) {
            val line = input.readLine() ?: return
            output.writeStringUtf8(line)
            output.writeStringUtf8("\r\n")
            if (input.availableForRead == 0) output.flush()
        }
    }

    private suspend fun strings(input: ByteReadChannel, output: ByteWriteChannel) {
        while (input.awaitContent(1)) {
            val length = input.readInt()
            val string = input.readByteArray(length)
            output.writeInt(length)
            output.writeByteArray(string)
            if (input.availableForRead == 0) output.flush()
        }
    }

    private suspend fun orders(input: ByteReadChannel, output: ByteWriteChannel) {
        while (input.awaitContent(1)) {
            val version = input.readInt()
            val length = Integer.reverseBytes(input.readInt())
            val command = input.readInt()
            val json = OrderJson.encode(OrderJson.decode(input.readByteArray(length)))
            output.writeInt(version)
            output.writeInt(Integer.reverseBytes(json.size))
            output.writeInt(command)
            output.writeByteArray(json)
            if (input.availableForRead == 0) output.flush()
        }
    }
}
