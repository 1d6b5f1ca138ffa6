// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import dev.torsion.reactor.Reactor
import dev.torsion.web.inPool
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.AtomicMoveNotSupportedException
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.nio.file.StandardCopyOption.REPLACE_EXISTING
import java.nio.file.StandardOpenOption.CREATE_NEW
import java.nio.file.StandardOpenOption.WRITE
import java.util.UUID

/**
 * A body on its way to the file at [path], by another name until it is whole. The thread pool of the reactor writes it. A link at [path] stays:
 * the file that it leads to is replaced. A device, or another thing that is no file, is not.
 */
internal class Download(private val reactor: Reactor, private val path: Path) {
    private var target: Path = path.toAbsolutePath()
    private var part: Path? = null // once it is there
    private var channel: FileChannel? = null
    private var isOver = false

    /** Writes what [pieces] gives to its parameter. */
    suspend fun save(pieces: suspend (suspend (ByteArray) -> Unit) -> Unit): Path {
        var isWhole = false
        try {
            reactor.inPool(::open)
            pieces { piece -> reactor.inPool { write(ByteBuffer.wrap(piece)) } }
            isWhole = true
        } finally {
            try {
                reactor.inPool { end(isWhole) }
            } catch (e: Throwable) {
                end(isWhole = false) // the pool may have left it: it has ended, or has no thread
                throw e
            }
        }
        return path
    }

    @Synchronized
    private fun open() {
        if (isOver) return
        if (Files.exists(target)) {
            if (!Files.isRegularFile(target)) throw FileSystemException("$path", null, "it is there, and is no file")
            target = target.toRealPath() // a link stays
        }
        val folder = target.parent
        if (folder != null && !Files.isDirectory(folder)) throw NoSuchFileException("$path", null, "there is no folder for it")
        val part = target.resolveSibling(".${UUID.randomUUID()}.part")
        channel = FileChannel.open(part, WRITE, CREATE_NEW)
        this.part = part
    }

    @Synchronized
    private fun write(bytes: ByteBuffer) {
        val channel = channel ?: return
        while (bytes.hasRemaining()) channel.write(bytes)
    }

    @Synchronized
    private fun end(isWhole: Boolean) {
        if (isOver) return
        isOver = true
        val part = part ?: return
        var isMoved = false
        try {
            channel?.close()
            if (isWhole) move(part)
            isMoved = isWhole
        } finally {
            channel = null
            if (!isMoved) Files.deleteIfExists(part)
        }
    }

    private fun move(part: Path) {
        try {
            Files.move(part, target, ATOMIC_MOVE)
        } catch (_: AtomicMoveNotSupportedException) {
            Files.move(part, target, REPLACE_EXISTING)
        }
    }
}
