// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.BodyTooLargeException
import org.brotli.dec.BrotliInputStream
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream

/**
 * `br` (RFC 7932), where the program has org.brotli:dec. That decoder reads a stream that blocks, which nobody may do here. So the body is decoded when
 * all of it has come, and may have [mostBytes] until then.
 */
internal class Brotli(private val mostBytes: Long) : Decoder {
    private val whole = ByteArrayOutputStream()
    private var stream: InputStream? = null
    private val buffer = ByteArray(Decoder.PIECE)

    override fun input(bytes: ByteArray) {
        if (whole.size() + bytes.size > mostBytes) throw BodyTooLargeException(mostBytes)
        whole.write(bytes, 0, bytes.size)
    }

    override fun end() {
        stream = reading { BrotliInputStream(ByteArrayInputStream(whole.toByteArray())) }
        whole.reset()
    }

    override fun output(): ByteArray? {
        val stream = stream ?: return null
        val count = reading { stream.read(buffer) }
        return if (count <= 0) null else buffer.copyOf(count)
    }

    private inline fun <T> reading(read: () -> T): T = try {
        read()
    } catch (e: IOException) {
        throw ContentCodingException("A body is not in br, as its head says, or ends before its end.", e)
    }

    override fun close() {
        stream?.close()
    }

    companion object {
        /** Whether the library is there. One that this module cannot read is not. */
        val isThere: Boolean by lazy {
            try {
                val type = Class.forName("org.brotli.dec.BrotliInputStream", false, Brotli::class.java.classLoader)
                Brotli::class.java.module.canRead(type.module)
            } catch (_: ClassNotFoundException) {
                false
            }
        }
    }
}
