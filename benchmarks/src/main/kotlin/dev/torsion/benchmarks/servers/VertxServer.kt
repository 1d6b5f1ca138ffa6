// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers

import dev.torsion.benchmarks.BenchTls
import dev.torsion.benchmarks.OrderJson
import dev.torsion.benchmarks.Wire
import io.vertx.core.Handler
import io.vertx.core.Vertx
import io.vertx.core.VertxOptions
import io.vertx.core.buffer.Buffer
import io.vertx.core.net.JdkSSLEngineOptions
import io.vertx.core.net.NetServerOptions
import io.vertx.core.net.NetSocket
import io.vertx.core.net.PemKeyCertOptions
import io.vertx.core.parsetools.RecordParser
import java.nio.file.Files
import java.util.concurrent.TimeUnit

/**
 * Vert.x on one event loop; the answers to all messages of a read are written at once.
 *
 * In Kotlin, since javac warns of the annotations that Vert.x is compiled with and does not ship.
 */
internal class VertxServer : BenchServer {
    override fun start(wire: Wire): Int {
        val vertx = Vertx.vertx(VertxOptions().setEventLoopPoolSize(1))
        val options = NetServerOptions().setTcpNoDelay(true).setAcceptBacklog(1024).setPort(0)
        if (wire == Wire.TLS) encrypt(options)
        val server = vertx.createNetServer(options).connectHandler { handle(it, wire) }.listen()
        return server.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS).actualPort()
    }

    private fun encrypt(options: NetServerOptions) {
        val pem = Buffer.buffer(Files.readString(BenchTls.identityFile()))
        options.setSsl(true).setSslEngineOptions(JdkSSLEngineOptions())
            .setKeyCertOptions(PemKeyCertOptions().addKeyValue(pem).addCertValue(pem))
            .setEnabledSecureTransportProtocols(setOf(BenchTls.VERSION))
            .addEnabledCipherSuite(BenchTls.CIPHER)
    }

    private fun handle(socket: NetSocket, wire: Wire) {
        when (wire) {
            Wire.RAW, Wire.TLS -> socket.handler { socket.write(it) }
            Wire.LINE -> {
                val lines = RecordParser.newDelimited("\r\n")
                val answers = Answers(socket, lines)
                lines.handler { answers.buffer.appendBuffer(it).appendString("\r\n") }
                socket.handler(answers)
            }
            Wire.INT32 -> headed(socket, 4, { it.getInt(0) }) { header, body, answers -> answers.appendBuffer(header).appendBuffer(body) }
            Wire.DATAGRAM, Wire.HTTP -> throw IllegalArgumentException("$wire has other servers")
            Wire.JSON ->
                headed(socket, 12, { it.getIntLE(4) }) { header, body, answers ->
                    val json = OrderJson.encode(OrderJson.decode(body.bytes))
                    answers.appendIntLE(header.getIntLE(0)).appendIntLE(json.size).appendIntLE(header.getIntLE(8)).appendBytes(json)
                }
        }
    }

    /** Messages with a header of fixed size that tells how much follows, in the way of the manual. */
    private fun headed(socket: NetSocket, headerSize: Int, bodySize: (Buffer) -> Int, answer: (Buffer, Buffer, Buffer) -> Unit) {
        val parser = RecordParser.newFixed(headerSize)
        val answers = Answers(socket, parser)
        var header: Buffer? = null
        parser.handler { record ->
            val known = header
            if (known == null) {
                header = record
                parser.fixedSizeMode(bodySize(record))
            } else {
                header = null
                answer(known, record, answers.buffer)
                parser.fixedSizeMode(headerSize)
            }
        }
        socket.handler(answers)
    }

    /** Gathers the answers to what the parser finds in one read. */
    private class Answers(private val socket: NetSocket, private val parser: RecordParser) : Handler<Buffer> {
        var buffer: Buffer = Buffer.buffer()
            private set

        override fun handle(read: Buffer) {
            parser.handle(read)
            if (buffer.length() == 0) return
            socket.write(buffer)
            buffer = Buffer.buffer(16 * 1024)
        }
    }
}
