// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.web.HttpException
import java.util.zip.DataFormatException
import java.util.zip.Inflater

/**
 * Takes one coding off a body (RFC 9110 8.4). It gets bytes when it has asked for them, and gives small pieces: so a few bytes never become many at
 * once.
 */
internal interface Decoder : AutoCloseable {
    /** The next piece, of a byte at least; null when it needs input, or has ended. */
    fun output(): ByteArray?

    /** The next bytes, when [output] has given null. */
    fun input(bytes: ByteArray)

    /** There is no more input, when [output] has given null. It may have output all the same. @throws ContentCodingException when something is missing */
    fun end()

    companion object {
        /** The most bytes of a piece. */
        const val PIECE = 16 * 1024
    }
}

/** A body is not what its `Content-Encoding` says: it is wrong, its end is missing, or it grows by more than is allowed. */
public class ContentCodingException
@JvmOverloads
constructor(message: String, cause: Throwable? = null) : HttpException(message, cause)

/** Inflates into a buffer that is used again. */
internal class Inflating(private val name: String, hasNoWrap: Boolean) {
    private val inflater = Inflater(hasNoWrap)
    private val buffer = ByteArray(Decoder.PIECE)

    val isFinished: Boolean get() = inflater.finished()

    /** How many bytes of the input stand behind the end. */
    val remaining: Int get() = inflater.remaining

    /** How many bytes have come out since the beginning. */
    val written: Long get() = inflater.bytesWritten

    fun input(bytes: ByteArray, from: Int = 0): Unit = inflater.setInput(bytes, from, bytes.size - from)

    fun output(): ByteArray? {
        val count =
            try {
                inflater.inflate(buffer)
            } catch (e: DataFormatException) {
                throw ContentCodingException("A body is not in $name, as its head says.", e)
            }
        if (count == 0 && inflater.needsDictionary()) throw ContentCodingException("A body in $name needs a dictionary.")
        return if (count == 0) null else buffer.copyOf(count)
    }

    fun reset(): Unit = inflater.reset()

    fun close(): Unit = inflater.end()
}

/** `deflate`: the format of zlib (RFC 1950); or, as some servers send it, the bare data of RFC 1951. */
internal class Deflate : Decoder {
    private var inflating: Inflating? = null
    private var first = ByteArray(0) // until it is known which of the two it is

    override fun output(): ByteArray? = inflating?.output()

    override fun input(bytes: ByteArray) {
        inflating?.let {
            if (it.isFinished) throw trailing()
            return it.input(bytes)
        }
        first += bytes
        if (first.size < 2) return
        val low = first[0].toInt() and 255
        val isZlib = low and 15 == ZLIB_METHOD && (low * 256 + (first[1].toInt() and 255)) % ZLIB_CHECK == 0
        inflating = Inflating("deflate", !isZlib).apply { input(first) }
    }

    override fun end() {
        val inflating = inflating
        if (inflating == null || !inflating.isFinished) throw ContentCodingException("A body in deflate ends before its end.")
        if (inflating.remaining > 0) throw trailing()
    }

    private fun trailing() = ContentCodingException("There is something behind the end of a body in deflate.")

    override fun close() {
        inflating?.close()
    }

    private companion object {
        const val ZLIB_METHOD = 8
        const val ZLIB_CHECK = 31
    }
}
