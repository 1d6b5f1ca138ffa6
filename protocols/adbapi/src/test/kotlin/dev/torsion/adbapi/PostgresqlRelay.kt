// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.adbapi

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
        relay(client, server, hasKinds = false) { kind, body -> if (watch.sent(kind, body)) atBegin() }
        relay(server, client, hasKinds = true) { kind, _ -> watch.answered(kind) }
    }

    /** The first message of a client [hasKinds] not: it is a length and a body only. */
    private fun relay(from: Socket, to: Socket, hasKinds: Boolean, seen: (Char, ByteArray) -> Unit) =
        thread(isDaemon = true, name = "relay") {
            try {
                val input = DataInputStream(from.getInputStream().buffered())
                val output = DataOutputStream(to.getOutputStream().buffered())
                var isPlain = !hasKinds
                while (true) {
                    val kind = if (isPlain) ' ' else input.readUnsignedByte().toChar()
                    val body = ByteArray(input.readInt() - Int.SIZE_BYTES)
                    input.readFully(body)
                    seen(kind, body)
                    if (!isPlain) output.writeByte(kind.code)
                    isPlain = false
                    output.writeInt(body.size + Int.SIZE_BYTES)
                    output.write(body)
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
    }
}
