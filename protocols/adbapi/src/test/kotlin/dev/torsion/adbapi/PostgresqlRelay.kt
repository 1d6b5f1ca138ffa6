// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

import java.io.ByteArrayOutputStream
import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.EOFException
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.thread

/** Stands between clients and the PostgreSQL server at [target], and notes what is sent while a `BEGIN` has no answer. */
internal class PostgresqlRelay(private val target: Int) : AutoCloseable {
    private val loopback = InetAddress.getLoopbackAddress()
    private val listening = ServerSocket(0, 50, loopback)
    private val sockets = CopyOnWriteArrayList<Socket>()

    val port: Int get() = listening.localPort

    /** For each `BEGIN` the statements that were sent before its answer, but `SHOW`, which changes nothing. */
    val begins = CopyOnWriteArrayList<List<String>>()

    /** Called before a `BEGIN` goes on to the server. */
    @Volatile
    var atBegin: () -> Unit = {}

    /** Whether a `BEGIN` goes no further: this answers as a server that was told to cancel the statement behind it. */
    @Volatile
    var cancelsFirst = false

    init {
        thread(isDaemon = true, name = "relay") {
            try {
                while (true) connect(listening.accept(), Socket(loopback, target))
            } catch (_: IOException) { // closed
            }
        }
    }

    private fun connect(client: Socket, server: Socket) {
        sockets += listOf(client, server)
        val watch = Watch()
        var isCancelled = false // with what is sent together with a BEGIN
        relay(client, server, hasKinds = false) { kind, body ->
            if (watch.sent(kind, body)) {
                atBegin()
                isCancelled = cancelsFirst
            }
            if (isCancelled && kind == SYNC) {
                isCancelled = false
                client.getOutputStream().write(CANCELLED)
                watch.answered(READY)
                false
            } else {
                !isCancelled
            }
        }
        relay(server, client, hasKinds = true) { kind, _ ->
            watch.answered(kind)
            true
        }
    }

    /** The first message of a client [hasKinds] not: it is a length and a body only. A message goes on when [goesOn] says so. */
    private fun relay(from: Socket, to: Socket, hasKinds: Boolean, goesOn: (Char, ByteArray) -> Boolean) =
        thread(isDaemon = true, name = "relay") {
            try {
                val input = DataInputStream(from.getInputStream().buffered())
                val output = DataOutputStream(to.getOutputStream().buffered())
                var isPlain = !hasKinds
                while (true) {
                    val kind = if (isPlain) ' ' else input.readUnsignedByte().toChar()
                    val body = ByteArray(input.readInt() - Int.SIZE_BYTES)
                    input.readFully(body)
                    if (goesOn(kind, body)) {
                        if (!isPlain) output.writeByte(kind.code)
                        output.writeInt(body.size + Int.SIZE_BYTES)
                        output.write(body)
                    }
                    isPlain = false
                    if (input.available() == 0) output.flush()
                }
            } catch (_: EOFException) {
                to.shutdownOutput()
            } catch (_: IOException) { // the other direction has ended
                to.close()
            }
        }

    private inner class Watch {
        private var begin: MutableList<String>? = null

        /** Whether it is a `BEGIN`. */
        @Synchronized
        fun sent(kind: Char, body: ByteArray): Boolean {
            val text = String(body, Charsets.UTF_8).trim('\u0000')
            val isBegin = text.startsWith("BEGIN")
            when {
                isBegin -> begin = CopyOnWriteArrayList<String>().also(begins::add)
                kind == PARSE && "SHOW " !in text -> begin?.add(text)
                kind == BIND && NAMED in text -> begin?.add(text)
            }
            return isBegin
        }

        @Synchronized
        fun answered(kind: Char) {
            if (kind == READY) begin = null
        }
    }

    /** Ends all connections; new ones are taken. */
    fun cut(): Unit = sockets.forEach(Socket::close)

    override fun close() {
        listening.close()
        cut()
    }

    private companion object {
        const val PARSE = 'P'
        const val BIND = 'B'
        const val NAMED = "S_" // a statement that the server keeps
        const val READY = 'Z'
        const val SYNC = 'S'

        /** `BEGIN` was done; then an error with a severity, a code and a text, which the transaction has. */
        val CANCELLED =
            message('C', "BEGIN\u0000") + message(READY, "T") +
                message('E', "SERROR\u0000C57014\u0000Mcanceling statement due to user request\u0000\u0000") + message(READY, "E")

        fun message(kind: Char, body: String): ByteArray {
            val bytes = ByteArrayOutputStream()
            DataOutputStream(bytes).apply {
                writeByte(kind.code)
                writeInt(body.length + Int.SIZE_BYTES)
                writeBytes(body)
            }
            return bytes.toByteArray()
        }
    }
}
