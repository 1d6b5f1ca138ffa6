// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/**
 * Reads [file], which it opens when it is asked to, or when it reads first. Its methods block, and one thread at a time calls them. [close]
 * may come from any thread and at any moment: a thread that is at work closes the file at its end then, and one that comes later opens
 * nothing.
 */
internal class FileReading(private var file: FoundFile) : AutoCloseable {
    private var channel: FileChannel? = null
    private var isBusy = false
    private var isClosed = false

    /**
     * Opens [found]. It is the same file as it is now: what was written to it since it was found counts.
     *
     * @throws IOException when it cannot be opened, or another one has taken its place
     */
    fun open(found: FoundFile): FoundFile = working {
        val opened = found.opening(found.path)
        try {
            val now = FileState.of(found.path)
            val isSame = if (now.key == null) isUnchanged(found, now) else now.isFile && now.key == found.state.key
            if (!isSame) throw IOException("Another file has taken the place of one before it was opened.")
            file = found.at(now)
        } catch (e: Throwable) {
            opened.close()
            throw e
        }
        channel = opened
        file
    }

    /** Reads some bytes from [at] on. @throws IOException when the file is another one than was found */
    fun read(to: ByteBuffer, at: Long): Unit = working {
        val opened = channel ?: file.opening(file.path).also {
            channel = it
            if (!isUnchanged(file, FileState.of(file.path))) throw IOException("A file has changed before it was sent.")
        }
        if (opened.read(to, at) <= 0) throw IOException("A file has become shorter while it was sent.")
    }

    /**
     * Looks once more, when all was read. One that has grown is as good as before up to here, and so is one that has been deleted or
     * replaced by another. @throws IOException when it was written over
     */
    fun check() {
        val now = try {
            FileState.of(file.path)
        } catch (_: IOException) {
            return
        }
        val isOverwritten = file.state.key != null && now.key == file.state.key && now.size == file.size && now.modified != file.modified
        if (isOverwritten) throw IOException("A file has changed while it was sent.")
    }

    /** Whether [now] is the state of the same file with the same bytes. */
    private fun isUnchanged(found: FoundFile, now: FileState) =
        found.state.key == now.key && found.size == now.size && found.modified == now.modified

    private inline fun <T> working(work: () -> T): T {
        synchronized(this) {
            if (isClosed) throw IOException("Nobody wants the file any more.")
            isBusy = true
        }
        try {
            return work()
        } finally {
            val isOurs = synchronized(this) {
                isBusy = false
                isClosed
            }
            if (isOurs) channel?.close()
        }
    }

    override fun close() {
        synchronized(this) {
            if (isClosed) return
            isClosed = true
            if (isBusy) return
        }
        channel?.close()
    }
}
