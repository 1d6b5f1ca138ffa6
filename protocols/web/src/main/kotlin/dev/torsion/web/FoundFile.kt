// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.InvalidPathException
import java.nio.file.LinkOption.NOFOLLOW_LINKS
import java.nio.file.Path
import java.nio.file.StandardOpenOption.READ
import java.nio.file.attribute.BasicFileAttributes
import java.time.Instant

/** A regular file as it was when it was looked for. Its methods block. */
internal class FoundFile private constructor(val path: Path, private val key: Any?, val size: Long, val modified: Instant) {
    /** Changes with the file, as nginx and Apache have it; so it is a strong one. */
    val tag: String = "\"${modified.epochSecond.toString(16)}.${modified.nano.toString(16)}-${size.toString(16)}\""

    private fun isSame(other: FoundFile) = key == other.key && size == other.size && modified == other.modified

    /** Opens the file when it is read first. One call at a time. */
    inner class Reading : AutoCloseable {
        private var channel: FileChannel? = null

        /** Reads some bytes from [at] on, and gives their number. @throws IOException when the file is another one than was found */
        fun read(to: ByteBuffer, at: Long): Int {
            val opened = channel ?: FileChannel.open(path, READ, NOFOLLOW_LINKS).also {
                channel = it
                if (!isSame(at(path))) throw IOException("A file has changed before it was sent.")
            }
            val read = opened.read(to, at)
            if (read <= 0) throw IOException("A file has become shorter while it was sent.")
            return read
        }

        override fun close() {
            channel?.close()
        }
    }

    companion object {
        /** There is a folder where a file was looked for. */
        val FOLDER = FoundFile(Path.of(""), null, 0, Instant.EPOCH)

        private const val INDEX = "index.html"

        /** The file that [names] lead to from [folder]; null when that is nothing for a client. */
        fun find(folder: Path, names: List<String>): FoundFile? {
            val isFolder = names.last().isEmpty()
            val parts = if (isFolder) names.dropLast(1) + INDEX else names
            if (!parts.all(::isName)) return null
            return try {
                val root = folder.toRealPath()
                val real = parts.fold(root) { path, name -> path.resolve(name) }.toRealPath()
                when {
                    !real.startsWith(root) || !root.relativize(real).all { isName(it.toString()) } -> null // by a symbolic link
                    Files.isDirectory(real, NOFOLLOW_LINKS) -> FOLDER.takeIf { !isFolder }
                    Files.isRegularFile(real, NOFOLLOW_LINKS) -> at(real)
                    else -> null // opening a pipe would wait for its writer
                }
            } catch (_: FileSystemException) { // it is not there, or not for us, or no name for this system
                null
            } catch (_: InvalidPathException) {
                null
            }
        }

        private fun isName(name: String) =
            name.isNotEmpty() && !name.startsWith('.') && name.none { it == '/' || it == '\\' || it == ':' || it < ' ' || it == '\u007f' }

        private fun at(path: Path) = Files.readAttributes(path, BasicFileAttributes::class.java, NOFOLLOW_LINKS)
            .let { FoundFile(path, it.fileKey(), it.size(), it.lastModifiedTime().toInstant()) }
    }
}
