// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.io.ByteArrayOutputStream
import java.nio.BufferUnderflowException
import java.nio.ByteBuffer

/**
 * The first message of a client (RFC 8446, 4.1.2), as far as it helps to choose a certificate.
 *
 * @property serverName the name that it asks for (RFC 6066, 3), in lower case; null when it asks for none
 * @property applicationProtocols what it speaks (ALPN, RFC 7301), the best first
 */
public class ClientHello internal constructor(public val serverName: String?, public val applicationProtocols: List<String>) {
    override fun toString(): String = "ClientHello(${serverName ?: "no name"}, $applicationProtocols)"

    internal companion object {
        private const val SERVER_NAME = 0
        private const val ALPN = 16
        private const val RANDOM = 34 // with the version

        /** Reads the body of the message [text]. The engine gets a message that cannot be read, and says why. */
        fun of(text: ByteBuffer): ClientHello = try {
            text.skip(RANDOM)
            text.skip(text.byte()) // session
            text.skip(text.short()) // ciphers
            text.skip(text.byte()) // compression
            if (text.hasRemaining()) extensions(text.part(text.short())) else ClientHello(null, emptyList())
        } catch (_: BufferUnderflowException) {
            ClientHello(null, emptyList())
        } catch (_: IllegalArgumentException) {
            ClientHello(null, emptyList())
        }

        private fun extensions(all: ByteBuffer): ClientHello {
            var name: String? = null
            val protocols = ArrayList<String>()
            while (all.hasRemaining()) {
                val kind = all.short()
                val body = all.part(all.short())
                when (kind) {
                    SERVER_NAME -> {
                        val names = body.part(body.short())
                        if (names.hasRemaining() && names.byte() == 0) name = names.text(names.short()).lowercase()
                    }
                    ALPN -> {
                        val list = body.part(body.short())
                        while (list.hasRemaining()) protocols.add(list.text(list.byte()))
                    }
                }
            }
            return ClientHello(name, protocols)
        }

        private fun ByteBuffer.byte() = get().toInt() and 0xff

        private fun ByteBuffer.short() = getShort().toInt() and 0xffff

        private fun ByteBuffer.skip(count: Int) {
            position(position() + count)
        }

        private fun ByteBuffer.part(length: Int): ByteBuffer = slice(position(), length).also { skip(length) }

        private fun ByteBuffer.text(length: Int): String = ByteArray(length).also(::get).toString(Charsets.ISO_8859_1)
    }
}

/** Gathers the records of a hello until it is whole. */
internal class ClientHelloReader {
    private val all = ByteArrayOutputStream()
    private val message = ByteArrayOutputStream()
    private var needed = HEADER

    /** Reads one record; the hello, when it is whole. */
    fun read(record: ByteBuffer): ClientHello? {
        val bytes = ByteArray(record.remaining()).also(record::get)
        all.write(bytes)
        // The engine refuses bytes that are no handshake.
        if (bytes[0].toInt() != TlsRecord.HANDSHAKE) return ClientHello(null, emptyList())
        if (bytes.size == TlsRecord.HEADER) throw TlsViolationException("The client's hello has a record without content.", null)
        message.write(bytes, TlsRecord.HEADER, bytes.size - TlsRecord.HEADER)
        if (message.size() < needed) return null
        val text = ByteBuffer.wrap(message.toByteArray())
        val length = text.getInt() and 0xffffff
        if (length > MOST) throw TlsViolationException("The client's hello has $length bytes, and $MOST are the most.", null)
        needed = HEADER + length
        return if (text.remaining() < length) null else ClientHello.of(text.slice(text.position(), length))
    }

    /** All that was read, for the engine. */
    fun records(): ByteBuffer = ByteBuffer.wrap(all.toByteArray())

    private companion object {
        const val HEADER = 4
        const val MOST = 64 * 1024
    }
}
