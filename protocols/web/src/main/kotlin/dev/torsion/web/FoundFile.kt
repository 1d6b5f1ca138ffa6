// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.StandardOpenOption.READ
import java.time.Instant

/** The end of a path below a folder. */
internal sealed interface Found

/** There is a folder where a file was looked for. */
internal object FoundFolder : Found

/** There is a file, which the system does not let us read. */
internal object FoundRefused : Found

/** There is a folder without an index. */
internal class FoundListing(val entries: List<Entry>, val isWhole: Boolean) : Found {
    class Entry(val name: String, val isFolder: Boolean, val size: Long, val modified: Instant)
}

/**
 * A regular file as it was when it was looked for. Its methods block.
 *
 * @property type its media type
 * @property coding how it is compressed on the disk, in place of the one that was looked for; null for itself
 * @property isOfSeveral whether clients with another `Accept-Encoding` may get another file
 * @property bytes all of it, where they were read
 */
internal class FoundFile(
    val path: Path,
    val state: FileState,
    val type: String,
    val coding: String?,
    private val isOfSeveral: Boolean,
    val bytes: ByteArray? = null,
) : Found {
    val size: Long get() = state.size
    val modified: Instant get() = state.modified

    /** Changes with the file, as nginx and Apache have it; so it is a strong one. */
    val tag: String =
        "\"${modified.epochSecond.toString(16)}.${modified.nano.toString(16)}-${size.toString(16)}${coding?.let { "-$it" }.orEmpty()}\""

    /** The fields that describe it, also in an answer without it. Thread: the loop's. */
    val fields: Headers by lazy(LazyThreadSafetyMode.NONE) {
        val fields = Headers.builder().add("ETag", tag).add("Last-Modified", HttpDate.format(modified)).add("Accept-Ranges", "bytes")
        if (isOfSeveral) fields.add("Vary", "Accept-Encoding")
        fields.build()
    }

    /** The fields of an answer with a part or all of it, whose type is [contentType]. */
    fun fieldsOfBody(contentType: String): Headers {
        val all = Headers.builder().add("Content-Type", contentType).add(fields)
        coding?.let { all.add("Content-Encoding", it) }
        return all.add("X-Content-Type-Options", "nosniff").build()
    }

    /** The answer with all [bytes], where there are any. Thread: the loop's. */
    val answer: Response? by lazy(LazyThreadSafetyMode.NONE) { bytes?.let { Response.bytes(it, type).withHeaders(fieldsOfBody(type)) } }

    /** Whether [now] is the state of the same file with the same bytes. */
    private fun isSame(now: FileState) = state.key == now.key && size == now.size && modified == now.modified

    /** Opens the file when it is read first. One call at a time. */
    inner class Reading : AutoCloseable {
        private var channel: FileChannel? = null

        /** Reads some bytes from [at] on. @throws IOException when the file is another one than was found */
        fun read(to: ByteBuffer, at: Long) {
            val opened = channel ?: FileChannel.open(path, READ, NOFOLLOW_LINKS).also {
                channel = it
                if (!isSame(FileState.of(path))) throw IOException("A file has changed before it was sent.")
            }
            if (opened.read(to, at) <= 0) throw IOException("A file has become shorter while it was sent.")
        }

        /**
         * Looks once more, when all was read. One that has grown is as good as before up to here, and so is one that has been deleted or
         * replaced by another. @throws IOException when it was written over
         */
        fun check() {
            val now = try {
                FileState.of(path)
            } catch (_: IOException) {
                return
            }
            val isOverwritten = state.key != null && now.key == state.key && now.size == size && now.modified != modified
            if (isOverwritten) throw IOException("A file has changed while it was sent.")
        }

        override fun close() {
            channel?.close()
        }
    }

    /** The same with all its [bytes]. @throws IOException when the file is another one than was found, or was changed meanwhile */
    fun read(): FoundFile {
        val buffer = ByteBuffer.allocate(size.toInt())
        Reading().use {
            while (buffer.hasRemaining()) it.read(buffer, buffer.position().toLong())
            if (FileState.of(path) != state) throw IOException("A file has changed while it was read.")
        }
        return FoundFile(path, state, type, coding, isOfSeveral, buffer.array())
    }
}
