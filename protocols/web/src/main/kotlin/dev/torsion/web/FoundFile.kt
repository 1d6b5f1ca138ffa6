// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Path
import java.time.Instant

/** The end of a path below a folder. */
internal sealed interface Found

/** There is a folder where a file was looked for. */
internal object FoundFolder : Found

/** There is a file, which the system does not let us read. */
internal object FoundRefused : Found

/** There is a folder, which cannot be read for now. */
internal class FoundUnavailable(val error: IOException) : Found

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
 * @property opening opens it
 * @property bytes all of it, where they were read: a whole array, or direct memory
 */
internal class FoundFile(
    val path: Path,
    val state: FileState,
    val type: String,
    val coding: String?,
    private val isOfSeveral: Boolean,
    val opening: (Path) -> FileChannel,
    val bytes: ByteBuffer? = null,
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
    val answer: Response? by lazy(LazyThreadSafetyMode.NONE) {
        bytes?.let { if (it.isDirect) Response.memory(it, type) else Response.bytes(it.array(), type) }?.withHeaders(fieldsOfBody(type))
    }

    /** The same file, [now] a little later. */
    fun at(now: FileState): FoundFile = FoundFile(path, now, type, coding, isOfSeveral, opening)

    /** The same with all its [bytes]. @throws IOException when the file is another one than was found, or was changed meanwhile */
    fun read(): FoundFile {
        val buffer = ByteBuffer.allocate(size.toInt())
        FileReading(this).use {
            while (buffer.hasRemaining()) it.read(buffer, buffer.position().toLong())
            if (FileState.of(path) != state) throw IOException("A file has changed while it was read.")
        }
        return FoundFile(path, state, type, coding, isOfSeveral, opening, buffer.flip())
    }

    /**
     * The same with its [bytes] in direct memory of [memory], from which a socket takes them without a copy; this one when there is none.
     */
    fun inDirectMemory(memory: (Int) -> ByteBuffer?): FoundFile {
        val room = memory(size.toInt()) ?: return this
        return FoundFile(path, state, type, coding, isOfSeveral, opening, room.put(bytes!!.duplicate()).flip())
    }
}
