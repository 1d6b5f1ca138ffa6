// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Files
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.StandardOpenOption.READ
import java.nio.file.attribute.BasicFileAttributes
import java.time.Instant

/** The end of a path below a folder. */
internal sealed interface Found

/** There is a folder where a file was looked for. */
internal object FoundFolder : Found

/** There is a folder without an index. */
internal class FoundListing(val entries: List<Entry>, val isWhole: Boolean) : Found {
    class Entry(val name: String, val isFolder: Boolean, val size: Long, val modified: Instant)
}

/**
 * A regular file as it was when it was looked for. Its methods block.
 *
 * @property type its media type
 * @property coding how it is compressed on the disk, in place of the one that was looked for; null for itself
 */
internal class FoundFile private constructor(
    val path: Path,
    private val key: Any?,
    val size: Long,
    val modified: Instant,
    val type: String,
    val coding: String?,
) : Found {
    /** Changes with the file, as nginx and Apache have it; so it is a strong one. */
    val tag: String =
        "\"${modified.epochSecond.toString(16)}.${modified.nano.toString(16)}-${size.toString(16)}${coding?.let { "-$it" }.orEmpty()}\""

    private fun isSame(other: FoundFile) = key == other.key && size == other.size && modified == other.modified

    /** Opens the file when it is read first. One call at a time. */
    inner class Reading : AutoCloseable {
        private var channel: FileChannel? = null

        /** Reads some bytes from [at] on. @throws IOException when the file is another one than was found */
        fun read(to: ByteBuffer, at: Long) {
            val opened = channel ?: FileChannel.open(path, READ, NOFOLLOW_LINKS).also {
                channel = it
                if (!isSame(at(path, type, coding))) throw IOException("A file has changed before it was sent.")
            }
            if (opened.read(to, at) <= 0) throw IOException("A file has become shorter while it was sent.")
        }

        /**
         * Looks once more, when all was read. One that has grown is as good as before up to here, and so is one that has been deleted or
         * replaced by another. @throws IOException when it was written over
         */
        fun check() {
            val now = try {
                at(path, type, coding)
            } catch (_: IOException) {
                return
            }
            val isOverwritten = key != null && now.key == key && now.size == size && now.modified != modified
            if (isOverwritten) throw IOException("A file has changed while it was sent.")
        }

        override fun close() {
            channel?.close()
        }
    }

    /** All bytes. @throws IOException when the file is another one than was found */
    fun whole(): ByteArray {
        val buffer = ByteBuffer.allocate(size.toInt())
        Reading().use { while (buffer.hasRemaining()) it.read(buffer, buffer.position().toLong()) }
        return buffer.array()
    }

    companion object {
        /** The file at [path], as it is now, and without following a link. */
        fun at(path: Path, type: String, coding: String? = null): FoundFile =
            Files.readAttributes(path, BasicFileAttributes::class.java, NOFOLLOW_LINKS)
                .let { FoundFile(path, it.fileKey(), it.size(), it.lastModifiedTime().toInstant(), type, coding) }
    }
}
